"""The JPEG that viewers get."""

import cv2
import numpy as np
import pytest

from capture.preview import preview_jpeg


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
