"""The private pipeline: supervised stages on a bus of their own, which end with this process."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from recorder.inputs import Clip
from recorder.settings import of_capture
from shared import locks
from shared.errors import AffectError, ConfigurationError
from shared.lifeline import BOUND, STATE_DIR
from shared.settings import PREFIX
from shared.state import states, write_state

_STOP_S = 6.0  # a supervisor gives its stage 3.5
_NEVER = frozenset({0, ConfigurationError.exit_code})


class Process:
    """One supervised stage; what it says goes to the end of `log`."""

    def __init__(self, stage: str, log: Path, state: Path | None, environment: Mapping[str, str]):
        self.stage = stage
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            self._popen = subprocess.Popen(  # noqa: S603 — our own interpreter and modules
                [sys.executable, "-u", "-m", "shared.supervisor", stage],
                env={**environment, BOUND: "1"} | ({STATE_DIR: str(state)} if state else {}),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the recorder alone
            )

    def ended(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._popen.poll()

    def terminate(self) -> None:
        """Ask it to end."""
        if self._popen.poll() is None:
            self._popen.terminate()

    def wait(self) -> None:
        """Wait until it has ended; one that does not is killed."""
        try:
            self._popen.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def last_words(self) -> str:
        """Why it ended, from its log: what it said before it exited, without its stage's name."""
        with contextlib.suppress(OSError):
            for line in reversed(self.log.read_text(errors="replace").splitlines()):
                if line.startswith(f"{self.stage}: "):
                    return line.removeprefix(f"{self.stage}: ")
        return f"the {self.stage} ended with exit code {self.ended()}; its log is {self.log}"


class Pipeline:
    """Bus, smoother and workers, for the length of a `with`; captures come and go.

    `settings` are those of all stages, without their prefix; `folder` gets the logs.
    """

    def __init__(self, settings: Mapping[str, str], runtime_dir: Path, folder: Path, detectors: int, classifiers: int):
        self._environment = os.environ | environment_of(settings)
        self._runtime_dir = runtime_dir
        self._folder = folder
        self._counts = {"bus": 1, "smoother": 1, "detector": detectors, "classifier": classifiers}
        self._shared: list[Process] = []
        self._captures: list[Process] = []

    def __enter__(self) -> "Pipeline":
        for stage, count in self._counts.items():
            state = self._state(stage) if stage == "smoother" else None
            for number in range(count):
                log = self._folder / (f"{stage}.log" if count == 1 else f"{stage}-{number + 1}.log")
                self._shared.append(Process(stage, log, state, self._environment))
        return self

    def __exit__(self, *_: object) -> None:
        processes = [*self._captures, *self._shared]
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()

    def capture(self, clip: Clip) -> Process:
        """Start a clip's capture; killed with this process, it goes on later from where it was."""
        self._captures = [one for one in self._captures if one.ended() is None]
        environment = self._environment | environment_of(of_capture(clip, self._runtime_dir / "links"))
        state = self._state(f"capture-{clip.source}")
        process = Process("capture", self.log_of(clip.source), state, environment)
        self._captures.append(process)
        return process

    def log_of(self, source: str) -> Path:
        """The log of a source's capture."""
        return self._folder / f"{source}.log"

    def states_of(self, source: str) -> list[Path]:
        """The state files of the smoother and of a source's capture, those that are there."""
        folders = self._state("smoother"), self._state(f"capture-{source}")
        start = f"{source}."
        return [path for folder in folders for path in states(folder, start) if path.name.startswith(start)]

    def can_go_on(self, source: str) -> bool:
        """Whether the states are there from which a source's capture and the smoother go on."""
        return len(self.states_of(source)) > 1

    def restore(self, saved: Mapping[str, bytes]) -> None:
        """Write states, by folder and name, before the stages start."""
        for name, content in saved.items():
            write_state(self._runtime_dir / "kept" / name, content)

    def forget(self, source: str) -> None:
        """Remove what a source would go on from, and its log."""
        shutil.rmtree(self._state(f"capture-{source}"), ignore_errors=True)
        for path in (*self._state("smoother").glob(f"{source}.*"), self.log_of(source)):
            path.unlink(missing_ok=True)

    def _state(self, name: str) -> Path:
        return self._runtime_dir / "kept" / name

    def check(self) -> None:
        """Raise AffectError if a stage has ended for good."""
        for process in self._shared:
            code = process.ended()
            if code is not None:
                kind = ConfigurationError if code in _NEVER else AffectError
                raise kind(process.last_words())


def wait_for_leftovers(runtime_dir: Path, patience_s: float = 10.0) -> None:
    """Wait until the stages of a killed recorder have ended, which still write their states.

    Raises LockedError with the pid of one that does not.
    """
    until = time.monotonic() + patience_s
    for path in runtime_dir.glob("*.lock"):
        while True:
            try:
                locks.take(runtime_dir, path.stem, path.stem).release()
                break
            except locks.LockedError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """Settings as environment variables."""
    return {f"{PREFIX}{name.upper()}": value for name, value in settings.items()}
