"""The real pipeline in real processes, with this process listening on its bus."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil

from shared.bus import Bus
from shared.errors import AffectError
from shared.results import Smoothed
from shared.settings import PREFIX, Settings, load_settings
from shared.stages import NEEDED
from shared.status import Status
from shared.topics import decode

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 60.0
_POLL_S = 0.2


class Pipeline:
    """`honcho start STAGE…` with these settings, in a runtime directory of its own, for the length of a `with`."""

    def __init__(self, settings: Mapping[str, object], stages: Sequence[str] = NEEDED):
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
            f"{PREFIX}RUNTIME_DIR": f"{self._folder.name}/run",
            f"{PREFIX}LOG_FORMAT": "json",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "VIRTUAL_ENV": sys.prefix,
            **{f"{PREFIX}{name.upper()}": str(value) for name, value in settings.items()},
        }
        self.settings: Settings = load_settings({"runtime_dir": Path(self._folder.name) / "run"})
        self.statuses: dict[str, Status] = {}
        """The newest status of each process, by process."""
        self._stages = stages
        self._processes: list[subprocess.Popen[bytes]] = []
        self._log = (Path(self._folder.name) / "log").open("ab")
        self._bus = Bus(self.settings)

    def __enter__(self) -> Self:
        for topic in ("smoothed/", "status/"):
            self._bus.subscribe(topic)
        self.launch("honcho", "--no-colour", "-e", "/dev/null", "start", *self._stages)
        return self

    def __exit__(self, *_: object) -> None:
        self._bus.close()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            _end(process)
        self._log.close()
        self._folder.cleanup()

    def launch(self, *command: str) -> None:
        """Start one more process on this bus."""
        self._processes.append(
            subprocess.Popen(  # noqa: S603 — commands are this package's own
                command, cwd=ROOT, env=self._environment, stdout=self._log, stderr=subprocess.STDOUT
            )
        )

    def rows(self, seconds: float = float("inf")) -> Iterator[tuple[Smoothed, float]]:
        """Each result once, with the wall-clock second it came; `statuses` is kept up meanwhile. Ends after `seconds`.

        Raises AffectError when nothing comes for a minute.
        """
        until, patience = time.monotonic() + seconds, time.monotonic() + PATIENCE_S
        while (now := time.monotonic()) < until:
            if now > patience:
                raise AffectError(
                    f"the pipeline gave no result for {PATIENCE_S:.0f} s; its log ends with\n{self._tail()}"
                )
            self._bus.wait(_POLL_S)
            list(self._bus.receive_subscriptions())  # left unread they would end every wait at once
            for parts in self._bus.receive(64):
                message = decode(parts).message
                if isinstance(message, Status):
                    self.statuses[message.process] = message
                elif isinstance(message, Smoothed) and not message.repeat:
                    patience = now + PATIENCE_S
                    yield message, time.time()

    def ready(self, stage: str) -> list[Status]:
        """The processes of a stage that say they are ready."""
        return [one for one in self.statuses.values() if one.stage == stage and one.state == "ready"]

    def _tail(self) -> str:
        return (Path(self._folder.name) / "log").read_text(errors="replace")[-2000:]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Wait for a process that was told to stop; then end it and its children, if it did not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(8)
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.kill()
    process.wait()
