"""The supervisor's rules, without processes (those are in tests/processes)."""

import os
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from shared.errors import ConfigurationError
from shared.loop import BOUND, RESTARTS, STATE_DIR, TOLD_TO_STOP
from shared.settings import Settings
from shared.supervisor import Crashes, Supervisor, _ancestors


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


@pytest.mark.parametrize("there", [False, True])
def test_a_state_that_is_given_is_kept_and_gone_on_from(tmp_path, monkeypatch, there):
    """Whoever starts a supervisor with a folder for the state may end it and start another one there later."""
    state = tmp_path / "kept"
    if there:
        state.mkdir()
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setenv(STATE_DIR, str(state))
    supervisor = Supervisor("capture", Settings(_env_file=None, runtime_dir=tmp_path))
    started = []

    def run_stage(*_, env, **__):
        started.append((env[STATE_DIR], env[RESTARTS]))
        state.mkdir(exist_ok=True)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(supervisor, "_watch", lambda *_: None)
    monkeypatch.setattr("shared.supervisor._end", lambda child: None)
    monkeypatch.setattr("shared.supervisor.subprocess", SimpleNamespace(Popen=run_stage))
    assert supervisor.run() == 0
    assert started == [(str(state), str(int(there)))]
    assert state.exists()


def test_a_bound_supervisor_ends_with_its_parent_alone(monkeypatch):
    """A program that starts supervisors may itself outlive the shell that started it."""
    monkeypatch.setenv(BOUND, "1")
    assert _ancestors() == (os.getppid(),)
    monkeypatch.delenv(BOUND)
    monkeypatch.delenv("HONCHO_PROCESS_NAME", raising=False)
    assert _ancestors() == ()
