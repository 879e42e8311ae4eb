"""The supervisor's rules, without processes (those are in tests/processes)."""

import os
import signal
from types import SimpleNamespace

import pytest

from shared import locks
from shared.errors import ConfigurationError
from shared.lifeline import BOUND, RESTARTS, STATE_DIR, TOLD_TO_STOP
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
    """Pipelines on one machine, or containers with one folder and equal pids, keep apart what stages of one name wrote.

    What killed supervisors left is removed.
    """
    state = tmp_path / "state"
    for name in ("capture.1-0a", "capture.1-1b"):
        (state / name).mkdir(parents=True)
    (state / "capture.1-0a.lock").touch()  # its holder was killed
    alive = locks.take(state, "capture.1-1b", "its state")
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    supervisor = Supervisor("capture", Settings(_env_file=None, runtime_dir=tmp_path))
    seen: list[str] = []

    def live_once() -> int:
        seen.extend(sorted(path.name.partition("-")[0] for path in state.glob("*/")))
        return 0

    monkeypatch.setattr(supervisor, "_live_once", live_once)
    assert supervisor.run() == 0
    assert seen == ["capture", "capture.1"]
    assert sorted(path.name for path in state.iterdir()) == ["capture.1-1b", "capture.1-1b.lock"]
    alive.release()


def test_without_a_writable_disk_a_stage_runs_all_the_same(tmp_path, monkeypatch):
    """There is no state to keep then."""
    (tmp_path / "state").write_text("in the way")
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    supervisor = Supervisor("detector", Settings(_env_file=None, runtime_dir=tmp_path))
    monkeypatch.setattr(supervisor, "_live_once", lambda: ConfigurationError.exit_code)
    assert supervisor.run() == ConfigurationError.exit_code


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
