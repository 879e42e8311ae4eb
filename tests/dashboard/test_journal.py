"""dashboard/journal.py: an upload's results, found by media time."""

import contextlib
import json
import resource
from itertools import pairwise

import msgspec
import pytest

from dashboard import journal as journals
from dashboard.journal import Journal
from tests.dashboard.made import face, result


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.close()


def seqs(journal, since, until):
    return [row["seq"] for row in json.loads(journal.rows(since, until))]


def test_rows_are_found_by_media_time(journal):
    """From `since` up to, and without, `until`; ten frames to the second."""
    for seq in range(40):
        journal.add(result(seq, faces=(face(),)))
    assert seqs(journal, 1.0, 1.4) == [10, 11, 12, 13]
    assert seqs(journal, 0.95, 1.05) == [10]
    assert seqs(journal, 9.0, 10.0) == []
    assert (journal.frames, journal.seconds) == (40, 3.9)


def test_a_row_is_the_result_without_what_is_not_drawn(journal):
    """Rounded to what can be seen."""
    journal.add(result(0, faces=(face(3, "sad", (1.26, 2.0, 3.0, 4.0)),)))
    (row,) = json.loads(journal.rows(0, 1))
    assert (row["size"], row["pts"], row["complete"], row["left_out"]) == ([320, 240], 0.0, True, 0)
    (shown,) = row["faces"]
    assert (shown["track_id"], shown["label"], shown["xyxy"]) == (3, "sad", [1.3, 2.0, 3.0, 4.0])
    assert shown["smoothed"][5] == 0.7


def test_rows_are_read_while_others_are_written(journal):
    """A page asks for them at any time."""
    journal.add(result(0))
    assert seqs(journal, 0, 9) == [0]
    journal.add(result(1))
    assert seqs(journal, 0, 9) == [0, 1]


def test_long_recordings_are_read_in_blocks(journal, monkeypatch):
    """A request gets a bounded number of frames, the timeline looks at all."""
    monkeypatch.setattr(journals, "MOST_ROWS", 7)
    for seq in range(20):
        journal.add(result(seq, faces=(face(),)))
    assert seqs(journal, 0.5, 9) == list(range(5, 12))
    assert len(journal.timeline()["tracks"][0]["pts"]) == 20


def test_repeats_are_left_out_and_what_was_not_heard_is_counted(journal):
    """Delivery is at least once, and a page that is too slow to listen says so."""
    for seq in (0, 1, 1, 0, 4, 2):
        journal.add(result(seq))
    assert seqs(journal, 0, 9) == [0, 1, 4]
    assert journal.missing == 2


def test_a_later_run_replaces_the_earlier(journal):
    """The capture was restarted: it began again. What an earlier run still says is ignored."""
    for seq in range(5):
        journal.add(result(seq))
    journal.add(result(0, epoch=2))
    journal.add(result(5))
    assert seqs(journal, 0, 9) == [0]
    assert journal.missing == 0


def test_it_is_whole_with_the_last_frame(journal):
    """The frame that ends the epoch."""
    journal.add(result(0))
    assert not journal.is_whole
    journal.add(msgspec.structs.replace(result(1), end=True))
    assert journal.is_whole


def test_the_timeline_has_everybody_who_was_classified(journal):
    """Frames in between are left out, and faces without an id."""
    journal.add(result(0, faces=(face(1, "happy"), face(None, "sad"))))
    journal.add(result(1, faces=(face(1, "happy", probs=None),)))
    journal.add(result(2, faces=(face(1, "sad"), face(2, "fear"))))
    first, second = journal.timeline()["tracks"]
    assert (first["track_id"], first["pts"], first["label"]) == (1, [0.0, 0.2], ["happy", "sad"])
    assert (first["first_pts"], first["last_pts"]) == (0.0, 0.2)
    assert second["smoothed"] == [[0.05, 0.05, 0.7, 0.05, 0.05, 0.05, 0.05]]


def test_a_long_timeline_is_thinned_out(journal):
    """To about what a screen can show, evenly."""
    for seq in range(6000):
        journal.add(result(seq, faces=(face(),)))
    pts = journal.timeline()["tracks"][0]["pts"]
    assert 1000 <= len(pts) <= 1201
    assert max(b - a for a, b in pairwise(pts)) < 0.7


def test_an_empty_one_is_told_too(journal):
    """Before the first result."""
    assert journal.timeline()["tracks"] == []
    assert journal.rows(0, 1) == b"[]"


def test_readers_are_not_surprised_by_a_later_run_or_the_end(journal, monkeypatch):
    """A page may be reading when the capture restarts, or when the upload is deleted."""
    monkeypatch.setattr(journals, "MOST_ROWS", 2)
    for seq in range(9):
        journal.add(result(seq))
    lines = journal._lines(0, 9)
    next(lines)
    journal.add(result(0, epoch=2))
    assert len(list(lines)) == 1
    lines = journal._lines(0, 9)
    assert next(lines)
    journal.close()
    assert list(lines) == []
    assert journal.rows(0, 9) == b"[]"
    assert journal.timeline()["tracks"] == []


def test_a_full_disk_costs_the_last_rows_alone(journal):
    """They can be read up to there, and the file can be closed."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
    try:
        with contextlib.suppress(OSError):
            for seq in range(2000):
                journal.add(result(seq, faces=(face(),)))
        kept = seqs(journal, 0, 999)
        assert kept == list(range(len(kept)))
        assert 20 < len(kept) < 2000
        assert journal.timeline()["tracks"][0]["pts"]
        journal.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
