"""Which of the listed sources this process hosts: those whose name it locks. Several captures of one run share them."""

from collections.abc import Sequence
from pathlib import Path

import structlog

from capture.names import SourceSpec
from shared import locks

log = structlog.get_logger()

_PAUSE_S = 0.5


class Claims:
    """Locks on source names. Captures that share a list take one source in turn, with a pause for the others' turn."""

    def __init__(self, listed: Sequence[SourceSpec], runtime_dir: Path, *, shared: bool):
        self._open = list(listed)
        self._runtime_dir = runtime_dir
        self._shared = shared
        self._locks: list[locks.Lock] = []
        self._next = 0.0

    def take(self, now: float) -> list[SourceSpec]:
        """The sources this process hosts from now on; `now` in seconds.

        Raises LockedError, naming the pid, for a source that a capture which does not share the list hosts.
        """
        taken: list[SourceSpec] = []
        while self._open and now >= self._next and not (self._shared and taken):
            spec = self._open.pop(0)
            try:
                lock = locks.take(self._runtime_dir, f"source-{spec.name}", f"the source {spec.name!r}")
            except locks.LockedError as error:
                if not self._shared:
                    raise
                log.info("source hosted by another capture", source=spec.name, pid=error.pid)
                continue
            self._locks.append(lock)
            taken.append(spec)
        if taken and self._shared:
            self._next = now + _PAUSE_S
        return taken

    def release(self) -> None:
        """Give all names free."""
        while self._locks:
            self._locks.pop().release()
