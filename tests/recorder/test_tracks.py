"""One row per person, by hand."""

import csv
from typing import Any

import pytest

from recorder.finished import Finished
from recorder.tracks import people, write_tracks
from shared.messages import EMOTIONS
from tests.recorder.finished import face, probs, recording, times


def table(path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_repeated_values_are_no_measurements(tmp_path) -> None:
    """Ten frames, two measured: the mean is of two numbers, whatever stands in the rows between."""
    stands: dict[str, Any] = {f"smoothed_{label}": 0.9 for label in EMOTIONS}
    faces = [face(seq, 1, "happy", **stands) for seq in range(10)]
    faces[0] = face(0, 1, "happy", probs(happy=0.8, sad=0.2))
    faces[3] = face(3, 1, "happy", probs(happy=0.4, sad=0.6))
    (row,) = table(write_tracks(recording(tmp_path, times(10), faces)))
    assert (row["frames"], row["measured"]) == ("10", "2")
    assert float(row["mean_happy"]) == pytest.approx(0.6)
    assert float(row["mean_sad"]) == pytest.approx(0.4)
    assert float(row["max_happy"]) == pytest.approx(0.8)
    assert float(row["max_sad"]) == pytest.approx(0.6)
    assert float(row["mean_angry"]) == 0.0


def test_a_row_by_hand(tmp_path) -> None:
    """Uneven times: happy for 0.5 s, sad for 1 s, surprise for 0.5 s of two labelled seconds."""
    faces = [
        face(0, 4, None, box=(0, 0, 10, 40)),
        face(1, 4, "happy", probs(happy=1.0), box=(0, 0, 20, 20)),
        face(2, 4, "sad", probs(sad=1.0), box=(0, 0, 40, 40)),
        face(3, 4, "surprise", probs(surprise=1.0), box=(0, 0, 30, 30)),
    ]
    (row,) = table(write_tracks(recording(tmp_path, [0.0, 0.25, 0.75, 1.75, 2.25], faces)))
    expected = {
        "source": "film", "track_id": "4", "first_pts": "0.0", "last_pts": "1.75", "frames": "4", "measured": "3",
        "seconds": "2.25", "share_happy": "0.25", "share_sad": "0.5", "share_surprise": "0.25", "share_neutral": "0.0",
        "changes": "2", "valence_from_labels": "-0.25", "face_px": "27.5", "mean_happy": "0.333333",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_who_was_never_classified_has_empty_cells(tmp_path) -> None:
    """No measurement is not the same as a mean of 0."""
    (row,) = table(write_tracks(recording(tmp_path, times(2), [face(0, 1, None), face(1, None, None)])))
    assert row["frames"] == "1"
    assert {row[f"{what}_{label}"] for what in ("mean", "max", "share") for label in EMOTIONS} == {""}
    assert (row["measured"], row["changes"], row["valence_from_labels"]) == ("0", "0", "")


def test_nobody_gives_an_empty_table(tmp_path) -> None:
    """With its header."""
    path = write_tracks(recording(tmp_path, times(2), []))
    assert path == tmp_path / "tracks.csv"
    assert path.read_text().startswith("source,track_id,first_pts")
    assert table(path) == []


def test_a_return_to_the_same_label_is_no_change(tmp_path) -> None:
    """Gone for three seconds, back with the label: two episodes, no change; then one."""
    faces = [face(0, 1, "sad"), face(30, 1, "sad"), face(31, 1, "fear")]
    (person,) = people(Finished(recording(tmp_path, times(40), faces)))
    assert len(person.episodes) == 3
    assert person.changes == 1
    assert person.seconds == pytest.approx(0.3)
