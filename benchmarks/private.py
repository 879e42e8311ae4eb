"""`python -m recorder` in a process of its own, with this process listening on its private bus."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import psutil

from benchmarks.processes import PATIENCE_S, ROOT
from recorder.settings import private, runtime_dir_of
from shared.bus import Bus
from shared.errors import AffectError
from shared.results import Smoothed
from shared.settings import PREFIX, load_settings
from shared.status import Status
from shared.topics import decode

_POLL_S = 0.05


class Recorder:
    """A recorder of these clips into a folder of its own, for the length of a `with`; pictures of people left out."""

    def __init__(self, clips: Sequence[Path], *options: str):
        self._folder = tempfile.TemporaryDirectory(prefix="bench-")
        self.out = Path(self._folder.name, "out")
        settings = load_settings({"runtime_dir": Path(self._folder.name, "run")})
        self._runtime_dir = runtime_dir_of(settings, self.out)
        self._command = [sys.executable, "-m", "recorder", "--quiet", "--no-images", "--out", str(self.out), *options]
        self._command += [str(clip.absolute()) for clip in clips]
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        self._environment[f"{PREFIX}RUNTIME_DIR"] = str(settings.runtime_dir)
        self.pids: dict[str, int] = {}
        """The newest process of each stage."""
        self.began_at = 0.0
        """When the command was given, in seconds since 1970."""

    def __enter__(self) -> Self:
        self.began_at = time.time()
        self.process = subprocess.Popen(  # noqa: S603 — our own module
            self._command, cwd=ROOT, env=self._environment, stderr=subprocess.PIPE, text=True
        )
        while not (self._runtime_dir / "bus.out").exists() and self.process.poll() is None:
            time.sleep(0.01)  # who connects before waits long between tries, and misses the first rows
        self._bus = Bus(load_settings(private(self._runtime_dir)))
        for topic in ("smoothed/", "status/"):
            self._bus.subscribe(topic)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate()
        self._bus.close()
        self._folder.cleanup()

    def rows(self) -> Iterator[tuple[Smoothed, float]]:
        """Each result once, with the wall-clock second it came, until the recorder ends.

        Raises AffectError if it fails, or nothing comes for a minute.
        """
        patience = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            if time.monotonic() > patience:
                raise AffectError(f"the recorder gave no result for {PATIENCE_S:.0f} s")
            self._bus.wait(_POLL_S)
            list(self._bus.receive_subscriptions())  # left unread they would end every wait at once
            for parts in self._bus.receive(64):
                message = decode(parts).message
                if isinstance(message, Status):
                    self.pids[message.stage] = message.pid
                    patience = time.monotonic() + PATIENCE_S
                elif isinstance(message, Smoothed) and not message.repeat:
                    yield message, time.time()
        if self.process.returncode:
            raise AffectError(f"the recorder failed: {self.process.communicate()[1]}")

    def memory_mb(self, stage: str) -> float:
        """Resident memory of a stage; 0 once it has ended."""
        try:
            return float(psutil.Process(self.pids[stage]).memory_info().rss / 1e6)
        except (KeyError, psutil.NoSuchProcess):
            return 0.0
