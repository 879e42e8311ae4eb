"""Recorders that the dashboard starts: one process each, which finishes its tables when it is told to stop.

A recorder gets the heartbeat of a supervised stage: a pipe that breaks with the dashboard, however that ends, upon
which it finishes and ends, too.
"""

import contextlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from shared.extras import ROOT, remedy
from shared.lifeline import HEARTBEAT_FD, RESTARTS, STATE_DIR, TOLD_TO_STOP

_NOT_FOR_CHILDREN = (HEARTBEAT_FD, RESTARTS, STATE_DIR, "HONCHO_PROCESS_NAME")
_LOG_BYTES = 8192


def missing_recorder() -> str | None:
    """What is missing for recording, and the remedy; None if nothing is."""
    if importlib.util.find_spec("pyarrow"):
        return None
    return f"The recorder is not installed: make recorder, or {remedy(ROOT, 'recorder')}"


class Recorder:
    """`python -m recorder --attach` of one source, into a folder of its own; what it says goes to `log`."""

    def __init__(self, source: str, out: Path, log: Path, options: Sequence[str] = ()):
        self._log = log
        ears, mouth = os.pipe()
        os.set_blocking(ears, False)
        self._ears = ears
        what = ["--attach", f"--source={source}", f"--out={out}", *options]  # a name may begin with a dash
        command = [sys.executable, "-u", "-m", "recorder", *what]
        try:
            with log.open("wb") as file:
                self._popen = subprocess.Popen(  # noqa: S603 — our own interpreter and module
                    command,
                    env=_environment(os.environ, mouth),
                    pass_fds=[mouth],
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C reaches the dashboard alone
                )
        except OSError:
            os.close(ears)
            raise
        finally:
            os.close(mouth)

    def ended(self) -> int | None:
        """Its exit code, 0 also if it was told to stop; None while it runs."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._ears, 4096):
                pass
        code = self._popen.poll()
        return 0 if code == TOLD_TO_STOP else code

    def stop(self) -> None:
        """Have it finish its tables and end."""
        if self._popen.poll() is None:
            self._popen.terminate()

    def kill(self) -> None:
        """Have it end at once; its tables are not wanted any more."""
        if self._popen.poll() is None:
            self._popen.kill()

    def wait(self, seconds: float) -> None:
        """Give it so long to end; if it takes longer, it goes on and ends by itself."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(max(0.0, seconds))

    def last_words(self) -> str:
        """Why it ended, from what it said last."""
        with contextlib.suppress(OSError):
            lines = self._log.read_bytes()[-_LOG_BYTES:].decode(errors="replace").strip().splitlines()
            if lines:
                return lines[-1].removeprefix("recorder: ")
        return f"it ended with exit code {self.ended()}"

    def close(self) -> None:
        """Let go of the pipe, upon which one that still runs finishes and ends."""
        os.close(self._ears)


def _environment(ours: Mapping[str, str], mouth: int) -> dict[str, str]:
    kept = {name: value for name, value in ours.items() if name not in _NOT_FOR_CHILDREN}
    return kept | {HEARTBEAT_FD: str(mouth)}
