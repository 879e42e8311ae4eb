"""Keeps one stage running: each line of the Procfile starts `python -m shared.supervisor STAGE`.

It restarts a crashed stage with back-off, kills one whose loop hangs, and exits with honcho.
"""

import contextlib
import ctypes
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import psutil
import structlog

from shared import locks
from shared import log as logs
from shared.errors import AffectError, ConfigurationError
from shared.identity import identify, software, under_honcho
from shared.lifeline import BOUND, HEARTBEAT_FD, RESTARTS, STATE_DIR, TOLD_TO_STOP
from shared.runtime_dir import prepare_runtime_dir
from shared.settings import Settings, load_settings
from shared.stages import STAGES

HUNG_S = 10.0
_STOP_S = 3.5  # honcho kills after 5
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger()


class Crashes:
    """The restart policy: exponential back-off, giving up after `most` crashes within `within_s`. Pure."""

    def __init__(self, most: int = 5, within_s: float = 60.0):
        self._most = most
        self._within_s = within_s
        self._times: deque[float] = deque()

    def happened(self, now: float) -> float | None:
        """Record a crash; returns the seconds until the next start, None to give up."""
        self._times.append(now)
        while now - self._times[0] > self._within_s:
            self._times.popleft()
        if len(self._times) >= self._most:
            self._times.clear()
            return None
        return 0.25 * 2.0 ** (len(self._times) - 1)


class Supervisor:
    """Supervises one stage."""

    def __init__(self, stage: str, settings: Settings):
        self._stage = stage
        self._settings = settings
        self._crashes = Crashes()
        self._stopping = False
        self._identity = identify(stage)
        self._final_codes = {ConfigurationError.exit_code}
        if stage == "capture":  # finished, or stopped from outside: either way its sources have ended
            self._final_codes |= {0, TOLD_TO_STOP}
        self._ancestors = _ancestors()
        given = os.environ.get(STATE_DIR)
        # The suffix keeps it apart from a stage of the same name in another pipeline, or container.
        own = settings.runtime_dir / "state" / f"{self._identity.name}-{secrets.token_hex(4)}"
        self._state_dir = Path(given) if given else own
        self._keeps_state = given is not None
        """The state outlives the supervisor: whoever gave the folder may go on from it later."""
        self._starts = int(self._keeps_state and self._state_dir.exists())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)

    def run(self) -> int:
        """Keep the stage running; returns the exit code."""
        alive = None if self._keeps_state else self._claim_state()
        if not self._keeps_state:
            self._remove_leftovers()
        try:
            while not self._stopping:
                code = self._live_once()
                if self._stopping or code in self._final_codes:
                    return 0 if self._stopping else code
                pause = self._crashes.happened(time.monotonic())
                log.error("stage died", code=code, restart_in_s=pause if pause is not None else "gave up")
                if pause is None and STAGES[self._stage].is_vital:
                    return code or 1
                self._rest(pause, code)
            return 0
        finally:
            self._clean_up()
            if alive:
                alive.release()

    def _claim_state(self) -> locks.Lock | None:
        """Make the folder of the stage's state and the lock that says it is in use; None if the disk refuses both."""
        folder = self._state_dir
        with contextlib.suppress(OSError):
            folder.parent.mkdir(mode=0o700, exist_ok=True)
            lock = locks.take(folder.parent, folder.name, "its state")
            folder.mkdir(mode=0o700)
            return lock
        return None

    def _remove_leftovers(self) -> None:
        """Delete the state of killed supervisors: their locks are free. A pid says nothing about another container."""
        for left in self._state_dir.parent.glob("*-*/"):
            with contextlib.suppress(locks.LockedError, OSError):
                lock = locks.take(left.parent, left.name, "its state")
                shutil.rmtree(left, ignore_errors=True)
                lock.release()

    def _clean_up(self) -> None:
        """Delete what even a killed stage has left behind."""
        if not self._keeps_state:
            shutil.rmtree(self._state_dir, ignore_errors=True)
        if self._stage == "bus":
            from shared.bus import remove_socket_files  # here, as one starts faster without ZeroMQ

            with contextlib.suppress(ConfigurationError):  # another bus owns the files, or they cannot be removed
                lock = locks.take(self._settings.runtime_dir, "bus", "the bus")
                remove_socket_files(self._settings)
                lock.release()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _live_once(self) -> int:
        """Start the stage and watch it; returns its exit code, 128 + n for signal n."""
        ears, mouth = os.pipe()
        os.set_blocking(ears, False)
        environment = os.environ | {
            HEARTBEAT_FD: str(mouth),
            RESTARTS: str(self._starts),
            STATE_DIR: str(self._state_dir),
        }
        self._starts += 1
        child = subprocess.Popen(  # noqa: S603 — our own interpreter and modules
            [sys.executable, "-u", "-m", STAGES[self._stage].module],
            env=environment,
            pass_fds=[mouth],
            preexec_fn=_die_with_parent,
        )
        os.close(mouth)
        try:
            self._watch(child, ears)
        finally:
            os.close(ears)
            _end(child)
        return child.returncode if child.returncode >= 0 else 128 - child.returncode

    def _watch(self, child: "subprocess.Popen[bytes]", ears: int) -> None:
        """Return when the child has ended or must end."""
        last_beat: float | None = None  # None until it is ready
        while child.poll() is None and not self._stopping:
            readable, _, _ = select.select([ears], [], [], 0.2)
            if readable:
                if not _drain(ears):
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        child.wait(0.2)  # the pipe closed: it is exiting
                    continue
                last_beat = time.monotonic()
            if last_beat is not None and time.monotonic() - last_beat > HUNG_S:
                log.error("stage hangs, killing it", pid=child.pid, silent_s=HUNG_S)
                child.kill()
                child.wait()
            if _ancestors() != self._ancestors:
                log.warning("orphaned, stopping")
                self._stopping = True

    def _rest(self, seconds: float | None, code: int) -> None:
        """Wait before the next start; None: given up for a minute, which is reported on the bus."""
        from shared.bus import Bus  # as above
        from shared.topics import encode

        bus = Bus(self._settings) if seconds is None else None
        until = time.monotonic() + (60.0 if seconds is None else seconds)
        while time.monotonic() < until and not self._stopping and _ancestors() == self._ancestors:
            if bus:
                error = f"crashed too often, last with exit code {code}; restarting every minute"
                bus.publish(encode(self._identity.status("failed", error)))
            time.sleep(min(0.2 if bus is None else 1.0, max(0.0, until - time.monotonic())))
        if bus:
            bus.close()


def _drain(ears: int) -> bool:
    """Read all pending heartbeats; False if the pipe has closed."""
    with contextlib.suppress(BlockingIOError):
        while data := os.read(ears, 4096):
            del data
        return False
    return True


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Terminate the child, and kill it after a timeout."""
    if child.poll() is None:
        child.terminate()
        child.send_signal(signal.SIGCONT)  # a stopped process handles no SIGTERM
        try:
            child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _die_with_parent() -> None:
    """In the child, on Linux: receive SIGTERM when the supervisor dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _ancestors() -> tuple[int, ...]:
    """The processes that this one ends with.

    The parent if that says so (`BOUND`); parent and grandparent under honcho, which runs a process of its own per line;
    else none.
    """
    parent = os.getppid()
    if os.environ.get(BOUND):
        return (parent,)
    if not under_honcho():
        return ()  # started by hand: the terminal's signals decide
    try:
        return (parent, psutil.Process(parent).ppid())
    except psutil.NoSuchProcess:
        return (parent,)


def main() -> int:
    """Supervise the stage named on the command line."""
    if len(sys.argv) != 2 or sys.argv[1] not in STAGES:
        print(f"usage: python -m shared.supervisor {'|'.join(STAGES)}", file=sys.stderr)
        return ConfigurationError.exit_code
    try:
        settings = load_settings()
        logs.configure(settings, stage=identify(sys.argv[1]).name, pid=os.getpid())
        with locks.share_version(prepare_runtime_dir(settings.runtime_dir), software()):
            return Supervisor(sys.argv[1], settings).run()
    except AffectError as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
