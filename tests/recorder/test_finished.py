"""A finished recording as arrays."""

import numpy as np
import pytest

from recorder import finished
from recorder.finished import Finished, UnfinishedError
from tests.recorder.finished import face, probs, recording, times


def test_a_frame_stands_until_the_next_one_that_was_looked_at(tmp_path) -> None:
    """A frame that was given up says nothing, so the one before it goes on; the last lasts as long as that before."""
    frames = Finished(recording(tmp_path, [0.0, 0.1, 0.2, 0.4], [], given_up=[1])).frames
    assert frames.until.tolist() == pytest.approx([0.2, 0.2, 0.4, 0.6])
    assert frames.seconds == pytest.approx(0.6)


def test_a_single_picture_stands_for_a_second(tmp_path) -> None:
    """There is no other frame to tell how long."""
    assert Finished(recording(tmp_path, [0.0], [])).frames.until.tolist() == [1.0]


def test_nulls_and_batches(tmp_path, monkeypatch) -> None:
    """Missing ids, labels and probabilities are -1, -1 and NaN; a batch holds no more rows than it may."""
    monkeypatch.setattr(finished, "BATCH_ROWS", 2)
    faces = [face(0, None, None), face(1, 7, "happy", probs(happy=1.0)), face(2, 7, "happy")]
    batches = list(Finished(recording(tmp_path, times(3), faces)).rows())
    assert [len(rows) for rows in batches] == [2, 1]
    first = batches[0]
    assert first.track_id.tolist() == [-1, 7]
    assert first.label.tolist() == [-1, 3]
    assert np.isnan(first.raw[0]).all()
    assert first.raw[1].tolist() == probs(happy=1.0)
    assert first.until.tolist() == pytest.approx([0.1, 0.2])
    assert first.side.tolist() == [20.0, 20.0]
    assert first.landmarks[0, :2].tolist() == [[15.0, 15.0], [25.0, 15.0]]


def test_a_folder_without_tables_is_named(tmp_path) -> None:
    """No traceback for who names the wrong folder."""
    with pytest.raises(UnfinishedError, match="is no finished recording"):
        Finished(tmp_path)
