"""What all recordings of one command have in common."""

import pytest

from recorder.batch import open_folder, record_files
from recorder.jobs import WORK
from recorder.options import parse
from recorder.processes import wait_for_leftovers
from shared import locks
from shared.errors import ConfigurationError
from shared.locks import LockedError


def test_one_recorder_at_a_time_in_a_folder(tmp_path):
    """The second one is told of the first."""
    with open_folder(tmp_path / "out"), pytest.raises(LockedError, match=r"the folder .*out is in use by process"):
        open_folder(tmp_path / "out")
    with open_folder(tmp_path / "out"):
        (tmp_path / "out" / WORK / "clip").mkdir()
    assert (tmp_path / "out" / WORK / "clip").exists(), "unfinished: it is kept"


def test_nothing_is_left_when_all_is_done(tmp_path):
    """Neither lock nor logs."""
    with open_folder(tmp_path / "out"):
        (tmp_path / "out" / WORK / "bus.log").touch()
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    """In one line, before anything is started."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        open_folder(tmp_path / "file" / "out")


def test_files_that_are_not_there_need_no_pipeline(tmp_path, capsys, monkeypatch):
    """If nothing is left to do, nothing is started."""
    (tmp_path / "out" / "clip").mkdir(parents=True)
    (tmp_path / "clip.mp4").touch()
    monkeypatch.setattr("recorder.batch.Pipeline", None)
    assert record_files(parse([str(tmp_path / "clip.mp4"), "--out", str(tmp_path / "out")])) == 1
    assert "is in the way" in capsys.readouterr().err


def test_leftovers_are_waited_for(tmp_path):
    """A killed recorder's stages still write the states that the next one goes on from."""
    lock = locks.take(tmp_path, "smoother", "the smoother's place")
    with pytest.raises(LockedError):
        wait_for_leftovers(tmp_path, patience_s=0.05)
    lock.release()
    wait_for_leftovers(tmp_path, patience_s=0.0)
    assert list(tmp_path.iterdir()) == []
