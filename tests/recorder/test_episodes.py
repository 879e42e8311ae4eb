"""Labels as intervals of time."""

import pytest

from recorder import finished
from recorder.episodes import Coding, Episode, codings, episodes
from recorder.finished import Finished
from tests.recorder.finished import face, recording, times


def found(folder, pts, faces) -> list[tuple[int, str | None, float, float]]:
    return [
        (one.track_id, one.label, round(one.start_s, 6), round(one.end_s, 6))
        for one in episodes(Finished(recording(folder, pts, faces)))
    ]


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_a_label_holds_until_the_next(tmp_path, monkeypatch, batch) -> None:
    """Rows of two people, cut into batches anywhere, give the same episodes; a face without an id has none."""
    monkeypatch.setattr(finished, "BATCH_ROWS", batch)
    faces = [
        face(0, 1, None), face(0, None, None),
        face(1, 1, "sad"), face(1, 2, "happy"),
        face(2, 1, "sad"), face(2, 2, "happy"),
        face(3, 1, "fear"),
    ]  # fmt: skip
    assert found(tmp_path, times(4), faces) == [
        (1, None, 0.0, 0.1),
        (1, "sad", 0.1, 0.3),
        (2, "happy", 0.1, 0.3),
        (1, "fear", 0.3, 0.4),
    ]


def test_a_hidden_face_keeps_its_label_and_one_that_left_does_not(tmp_path) -> None:
    """Out of sight for 1.5 s is hidden; for longer is gone, from the frame on that did not show it."""
    pts = times(50)
    assert found(tmp_path, pts, [face(0, 1, "sad"), face(16, 1, "fear")]) == [
        (1, "sad", 0.0, 1.6),
        (1, "fear", 1.6, 1.7),
    ]
    assert found(tmp_path, pts, [face(0, 1, "sad"), face(16, 1, "sad")]) == [(1, "sad", 0.0, 1.7)]
    assert found(tmp_path, pts, [face(0, 1, "sad"), face(17, 1, "sad")]) == [
        (1, "sad", 0.0, 0.1),
        (1, "sad", 1.7, 1.8),
    ]


def test_codings_are_whole_milliseconds_and_have_labels(tmp_path) -> None:
    """Times between milliseconds are rounded, so that neighbours still meet."""
    third = 1 / 30
    folder = recording(tmp_path, [0, third, 2 * third], [face(0, 1, None), face(1, 1, "sad"), face(2, 1, "fear")])
    assert codings(Finished(folder)) == [Coding(1, "sad", 33, 67), Coding(1, "fear", 67, 100)]


def test_length_of_an_episode() -> None:
    """In seconds."""
    assert Episode(1, "sad", 1.5, 2.0).seconds == 0.5
