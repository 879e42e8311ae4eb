"""A process hosts the listed sources whose names it locks; several captures of one run share the list."""

from collections.abc import Sequence
from pathlib import Path

import structlog

from capture.names import SourceSpec
from shared import locks

log = structlog.get_logger()

_PAUSE_S = 0.5


def lock_source(runtime_dir: Path, name: str) -> locks.Lock:
    """Lock a source's name; raises LockedError, with the holder's pid, if another capture on this host has it."""
    return locks.take(runtime_dir, f"source-{name}", f"the source {name!r}")


class Claims:
    """Locks on source names. With `shared`, takes one source at a time and pauses, so that others get their turn."""

    def __init__(self, listed: Sequence[SourceSpec], runtime_dir: Path, *, shared: bool):
        self._open = list(listed)
        self._runtime_dir = runtime_dir
        self._shared = shared
        self._locks: list[locks.Lock] = []
        self._next = 0.0

    def take(self, now: float) -> list[SourceSpec]:
        """Lock and return further sources to host; `now` in seconds.

        Raises LockedError, with the holder's pid, for a source in use elsewhere if the list is not shared.
        """
        taken: list[SourceSpec] = []
        while self._open and now >= self._next and not (self._shared and taken):
            spec = self._open.pop(0)
            try:
                lock = lock_source(self._runtime_dir, spec.name)
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
        """Release all locks."""
        while self._locks:
            self._locks.pop().release()
