"""One row per person and window, by hand."""

import argparse
import csv

import pytest

from recorder import finished
from recorder.windows import HEADER, duration, interval, write_windows
from tests.recorder.finished import face, probs, recording, times


def table(path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_means_and_labels_by_hand(tmp_path, monkeypatch, batch) -> None:
    """Windows of 0.3 s over frames 0.1 s apart; the third begins at 0.6 although 0.6 / 0.3 is a little below 2."""
    monkeypatch.setattr(finished, "BATCH_ROWS", batch)
    faces = [
        face(0, 1, "sad", probs(sad=0.6, fear=0.4)), face(0, 2, "happy", probs(happy=1.0)),
        face(1, 1, "sad"),
        face(2, 1, "fear", probs(sad=0.2, fear=0.8)),
        face(4, 1, "fear"),
        face(6, 1, "fear", probs(fear=1.0)),
    ]  # fmt: skip
    path = write_windows(recording(tmp_path, times(8), faces), 0.3)
    rows = table(path)
    seen = [(row["track_id"], row["start"], row["end"], row["frames"], row["measured"], row["label"]) for row in rows]
    assert seen == [
        ("1", "0.0", "0.3", "3", "2", "sad"),
        ("2", "0.0", "0.3", "1", "1", "happy"),
        ("1", "0.3", "0.6", "1", "0", "fear"),
        ("1", "0.6", "0.9", "1", "1", "fear"),
    ]
    assert [row["mean_sad"] for row in rows] == ["0.4", "0.0", "", "0.0"]
    assert [row["mean_fear"] for row in rows] == ["0.6", "0.0", "", "1.0"]
    assert path.read_text().splitlines()[0] == ",".join(HEADER)


def test_a_baseline_is_each_persons_own(tmp_path) -> None:
    """A neutral face read as sad is 0 above itself; who was not measured in the interval has no baseline."""
    faces = [
        face(0, 1, "sad", probs(sad=0.6, neutral=0.4)),
        face(1, 1, "sad", probs(sad=0.8, neutral=0.2)),
        face(2, 1, "sad", probs(sad=0.7, neutral=0.3)), face(2, 2, "sad", probs(sad=1.0)),
        face(3, 1, "happy", probs(happy=1.0)),
    ]  # fmt: skip
    rows = table(write_windows(recording(tmp_path, times(4), faces), 0.1, baseline=(0.0, 0.2)))
    change = {(row["track_id"], row["start"]): (row["change_sad"], row["change_happy"]) for row in rows}
    assert change == {
        ("1", "0.0"): ("-0.1", "0.0"),
        ("1", "0.1"): ("0.1", "0.0"),
        ("1", "0.2"): ("0.0", "0.0"),
        ("2", "0.2"): ("", ""),
        ("1", "0.3"): ("-0.7", "1.0"),
    }


def test_the_label_of_a_window_stood_longest(tmp_path) -> None:
    """Not the one in most frames: sad has one frame of 0.5 s, fear two of 0.1 s."""
    faces = [face(0, 1, "fear"), face(1, 1, "fear"), face(2, 1, "sad")]
    (row,) = table(write_windows(recording(tmp_path, [0.0, 0.1, 0.2, 0.7], faces), 1.0))
    assert row["label"] == "sad"


def test_a_window_has_a_length(tmp_path) -> None:
    """Or there would be no end of windows."""
    with pytest.raises(ValueError, match="at least 1 ms"):
        write_windows(recording(tmp_path, times(1), []), 0.0)


def test_times_on_the_command_line() -> None:
    """With units or in seconds."""
    assert [duration(text) for text in ("1s", "500ms", "0.5", "2min", "1h")] == [1.0, 0.5, 0.5, 120.0, 3600.0]
    assert interval("0-10s") == (0.0, 10.0)
    assert interval("500ms-1.5s") == (0.5, 1.5)
    assert interval("1-2min") == (60.0, 120.0)


@pytest.mark.parametrize("text", ["", "0", "0.1ms", "1 week", "-1s", "s"])
def test_no_length_of_time(text) -> None:
    """The message names the value."""
    with pytest.raises(argparse.ArgumentTypeError, match="no length of time"):
        duration(text)


@pytest.mark.parametrize("text", ["", "10s", "10-0s", "5-5s", "a-b"])
def test_no_interval(text) -> None:
    """The message names the value."""
    with pytest.raises(argparse.ArgumentTypeError, match="no interval of time"):
        interval(text)
