"""dashboard/recorder.py: a recorder as a child process."""

import importlib.util
import subprocess

import pytest

from dashboard.recorder import Recorder, missing_recorder
from recorder import options
from tests.processes.harness import eventually


def test_without_its_packages_the_remedy_is_told(monkeypatch):
    """They are an extra, as they are large."""
    assert missing_recorder() is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "make recorder" in str(missing_recorder())


def test_a_source_may_be_called_like_an_option(monkeypatch, tmp_path):
    """Its name is never taken for one."""
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_: started.append(command))
    Recorder("--csv", tmp_path / "--csv", tmp_path / "log").close()
    asked = options.parse(started[0][4:])
    assert (asked.source, asked.csv) == (["--csv"], False)


@pytest.mark.processes
def test_one_that_cannot_begin_says_why(monkeypatch, tmp_path):
    """In the words with which it ended."""
    monkeypatch.setenv("AFFECT_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "out").write_text("a file where its folder should be")
    recorder = Recorder("cam0", tmp_path / "out", tmp_path / "log")
    assert eventually(recorder.ended, "its end") == 2
    assert "cannot be written" in recorder.last_words()
    recorder.close()


@pytest.mark.processes
def test_one_whose_dashboard_is_gone_ends(monkeypatch, tmp_path):
    """The pipe between them breaks, however that came."""
    monkeypatch.setenv("AFFECT_RUNTIME_DIR", str(tmp_path / "run"))
    recorder = Recorder("cam0", tmp_path / "out", tmp_path / "log")
    assert recorder.ended() is None
    recorder.close()
    eventually(lambda: recorder._popen.poll() is not None, "its end")
    assert "Traceback" not in (tmp_path / "log").read_text()
