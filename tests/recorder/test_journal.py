"""What is written outlasts a kill, whole."""

import errno
import os

import pytest

from recorder.journal import Journal, read_journal
from tests.recorder.made import face, film, result


@pytest.mark.parametrize("durable", [False, True])
def test_what_is_written_is_read(tmp_path, durable):
    """Equal results, in order."""
    journal = Journal(tmp_path / "journal", durable=durable)
    journal.append(film(3))
    journal.append(film(5)[3:])
    journal.close()
    assert list(read_journal(tmp_path / "journal")) == [*film(3), *film(5)[3:]]


def test_a_cut_end_is_dropped_wherever_it_was_cut(tmp_path):
    """The last result that is whole is where to go on."""
    journal = Journal(tmp_path / "whole", durable=False)
    journal.append(film(2))
    first = journal.size()
    journal.append([result(2, face(4))])
    journal.close()
    content = (tmp_path / "whole").read_bytes()
    for length in (first, first + 1, first + 4, first + 9, len(content) - 1):
        (tmp_path / "cut").write_bytes(content[:length])
        journal = Journal(tmp_path / "cut", durable=False)
        assert (journal.last and journal.last.seq, journal.frames, journal.size()) == (1, 2, first), length
        journal.append([result(2, face(4))])
        journal.close()
        assert (tmp_path / "cut").read_bytes() == content


def test_it_counts(tmp_path):
    """Also what it finds when it is opened."""
    journal = Journal(tmp_path / "journal", durable=False)
    journal.append([result(0, face(None)), result(1, face(1), face(3)), result(2)])
    assert (journal.frames, journal.faces, journal.tracks) == (3, 3, 3)
    journal.close()
    again = Journal(tmp_path / "journal", durable=False)
    assert (again.frames, again.faces, again.tracks) == (3, 3, 3)
    again.close()


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    """What has been acknowledged stays, and the rest can be written later."""
    journal = Journal(tmp_path / "journal", durable=True)
    journal.append(film(2))

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("recorder.journal.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        journal.append(film(4)[2:])
    monkeypatch.undo()
    assert journal.last == film(2)[-1]
    journal.append(film(4)[2:])
    journal.close()
    assert [one.seq for one in read_journal(tmp_path / "journal")] == [0, 1, 2, 3]
