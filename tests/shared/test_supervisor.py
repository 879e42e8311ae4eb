"""The supervisor's rules, without processes (those are in tests/processes)."""

import os
import signal
import subprocess
import sys

import pytest

from shared.errors import ConfigurationError
from shared.loop import TOLD_TO_STOP
from shared.settings import Settings
from shared.supervisor import Crashes, Supervisor


def test_back_off_doubles_and_gives_up_at_the_fifth_crash_in_a_minute():
    """A stage that crashes at once is not restarted in a tight loop, nor for ever."""
    crashes = Crashes()
    assert [crashes.happened(float(second)) for second in range(5)] == [0.25, 0.5, 1.0, 2.0, None]


def test_crashes_long_ago_are_forgiven():
    """A stage that crashes once an hour is restarted at once, every time."""
    crashes = Crashes()
    assert {crashes.happened(3600.0 * hour) for hour in range(20)} == {0.25}


def test_after_giving_up_the_count_starts_anew():
    """A worker that is tried again every minute gets a fair try."""
    crashes = Crashes()
    for second in range(5):
        last = crashes.happened(float(second))
    assert last is None
    assert crashes.happened(65.0) == 0.25


def test_state_is_the_supervisors_own(tmp_path, monkeypatch):
    """Two pipelines on one machine keep apart what their stages of one name wrote; what killed ones left is removed."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, others = tmp_path / "state" / f"capture.1-{ended.pid}", tmp_path / "state" / f"capture.1-{os.getppid()}"
    for folder in (left, others):
        folder.mkdir(parents=True)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    supervisor = Supervisor("capture", Settings(_env_file=None, runtime_dir=tmp_path))
    monkeypatch.setattr(supervisor, "_live_once", lambda: 0)
    assert supervisor.run() == 0
    assert [path.name for path in (tmp_path / "state").iterdir()] == [others.name]


@pytest.mark.parametrize(("stage", "restarts"), [("capture", False), ("detector", True)])
def test_a_capture_told_to_stop_has_ended_its_sources(tmp_path, monkeypatch, stage, restarts):
    """By somebody else than its supervisor: what it left out must not look whole. Workers are started again."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    supervisor = Supervisor(stage, Settings(_env_file=None, runtime_dir=tmp_path))
    codes = iter([TOLD_TO_STOP, ConfigurationError.exit_code])
    monkeypatch.setattr(supervisor, "_live_once", lambda: next(codes))
    assert supervisor.run() == (ConfigurationError.exit_code if restarts else TOLD_TO_STOP)
