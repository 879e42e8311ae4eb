"""Probabilities over time and the best view of a person."""

import numpy as np
import pytest

from recorder import finished
from recorder.finished import Finished
from recorder.survey import survey
from recorder.thumbnails import SIDE, cut, thumbnails
from tests.capture.films import film
from tests.recorder.finished import face, probs, recording, times


@pytest.mark.parametrize("batch", [1, 100])
def test_means_of_equal_stretches(tmp_path, monkeypatch, batch) -> None:
    """Only what was measured counts; where nothing was there is no mean."""
    monkeypatch.setattr(finished, "BATCH_ROWS", batch)
    faces = [
        face(0, 1, "sad", probs(sad=1.0)),
        face(1, 1, "sad", probs(happy=1.0)),
        face(2, 1, "sad"),
        face(7, 1, "sad", probs(fear=1.0)),
    ]
    means = survey(Finished(recording(tmp_path, times(8), faces)), 4)[1].means
    assert means[0].tolist() == probs(happy=0.5, sad=0.5)
    assert np.isnan(means[1:3]).all()
    assert means[3].tolist() == probs(fear=1.0)


def test_the_best_view_is_large_and_from_the_front(tmp_path) -> None:
    """A somewhat smaller face that looks ahead is better than one that shows its side."""
    faces = [
        face(0, 1, box=(0, 0, 50, 50), nose_x=60.0),
        face(1, 1, box=(0, 0, 40, 40), nose_x=20.0),
        face(2, 1, box=(0, 0, 30, 30), nose_x=15.0),
    ]
    best = survey(Finished(recording(tmp_path, times(3), faces)), 1)[1].best
    assert (best.seq, best.xyxy) == (1, (0.0, 0.0, 40.0, 40.0))


def test_a_thumbnail_is_cut_from_its_own_frame(tmp_path) -> None:
    """A JPEG inside the page; the film's frames differ in grey."""
    import base64

    import cv2

    clip = film(tmp_path / "grey.mp4", images=[np.full((48, 64, 3), 20 * index, np.uint8) for index in range(8)])
    faces = [face(5, 2, box=(50, 30, 70, 50)), face(3, 1)]
    views = {track: one.best for track, one in survey(Finished(recording(tmp_path, times(8), faces)), 1).items()}
    pictures = thumbnails(clip, views)
    for track_id, level in ((1, 60), (2, 100)):
        kind, data = pictures[track_id].split(",")
        image = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
        assert kind == "data:image/jpeg;base64"
        assert image.shape == (SIDE, SIDE, 3)
        assert image.mean() == pytest.approx(level, abs=4)


def test_a_box_outside_the_frame_has_a_picture_too() -> None:
    """The frame's edge is repeated."""
    image = np.full((48, 64, 3), 7, np.uint8)
    for box in ((-10.0, -10.0, 5.0, 5.0), (60.0, 40.0, 80.0, 60.0), (10.0, 10.0, 10.0, 10.0)):
        assert (cut(image, box) == 7).all()
