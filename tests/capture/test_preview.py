"""The JPEG that viewers get."""

from typing import Any

import cv2
import numpy as np
import pytest

from capture.preview import Previews, preview_jpeg


@pytest.mark.parametrize(
    ("size", "width", "shown"),
    [
        ((100, 300), 960, (100, 300)),
        ((100, 300), 150, (50, 150)),
        ((70_000, 4), 960, (65_500, 4)),
        ((1, 5000), 960, (1, 960)),
    ],
)
def test_a_preview_fits(size, width, shown):
    """Never larger than the frame, nor than a viewer wants, nor than a JPEG can be."""
    jpeg = preview_jpeg(np.zeros((*size, 3), np.uint8), width)
    assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape[:2] == shown


def test_previews_are_made_for_whoever_subscribes_and_not_too_many():
    """Nobody there: no work. Each source has its own rhythm."""
    previews = Previews(width=8, fps=10.0)
    header: Any = {"source": "a", "epoch": 1, "seq": 0, "prev": None, "acked": None, "pts": 0.0, "captured_ns": 0}
    header |= {"live": True, "end": False}
    assert not previews.is_due("a", {"smoothed/", "preview/b/"}, 0.0)
    assert previews.is_due("a", {"preview/"}, 0.0)
    envelope: Any = previews.make(header, np.zeros((4, 16, 3), np.uint8), 0.0)
    assert (envelope.topic, envelope.key, envelope.message.size) == ("preview", "a", (16, 4))
    assert not previews.is_due("a", {"preview/a/"}, 0.05)
    assert previews.is_due("b", {""}, 0.05)
    assert previews.is_due("a", {"preview/a/"}, 0.1)
