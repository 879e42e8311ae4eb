"""Subtitles."""

from recorder.episodes import Coding
from recorder.subtitles import Cue, cues, write_subtitles
from tests.recorder.finished import face, recording, times


def test_a_line_a_person_and_a_cue_a_change() -> None:
    """Whoever comes, goes or changes begins another cue; where nobody is there is none."""
    found = [Coding(10, "sad", 0, 2000), Coding(2, "happy", 1000, 3000), Coding(2, "fear", 5000, 6000)]
    assert list(cues(found)) == [
        Cue(0, 1000, ("10 sad",)),
        Cue(1000, 2000, ("2 happy", "10 sad")),
        Cue(2000, 3000, ("2 happy",)),
        Cue(5000, 6000, ("2 fear",)),
    ]


def test_a_label_may_follow_another_at_once() -> None:
    """The end of one and the start of the next share a moment."""
    assert list(cues([Coding(1, "sad", 0, 40), Coding(1, "angry", 40, 80)])) == [
        Cue(0, 40, ("1 sad",)),
        Cue(40, 80, ("1 angry",)),
    ]


def test_the_file(tmp_path) -> None:
    """SubRip: a number, times with a comma, lines, an empty line."""
    folder = recording(tmp_path, [0.0, 3661.5, 3662.0], [face(1, 1, "happy"), face(2, 1, "happy")])
    assert write_subtitles(folder).read_bytes() == b"1\n01:01:01,500 --> 01:01:02,500\n1 happy\n\n"
    assert write_subtitles(recording(tmp_path, times(1), [])).read_bytes() == b""
