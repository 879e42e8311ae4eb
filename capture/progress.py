"""How far a source has come, on disk, so that a killed capture goes on."""

import contextlib
from pathlib import Path

import msgspec
import structlog

from capture.hints import Seen
from shared.errors import ConfigurationError
from shared.state import forget_state, write_state

log = structlog.get_logger()


class Progress(msgspec.Struct, frozen=True):
    """What a killed capture needs to go on: its epoch; of a replay the last frame acknowledged and the faces till then.

    A live source begins a new epoch, which must be a later one also when the clock has been set back.
    """

    epoch: int
    acked: int | None
    ended: bool = False
    seen: tuple[Seen, ...] = ()


def read_progress(written: bytes) -> Progress | None:
    """What `ProgressFile.save` wrote; None for a first file that was never finished: nothing had been sent."""
    try:
        return msgspec.json.decode(written, type=Progress)
    except msgspec.DecodeError:
        return None


class ProgressFile:
    """Where a source's progress is written; `written` is what the file holds.

    `needed`: rows are at stake where that fails, as in a replay whose recorder counts on each.
    """

    def __init__(self, path: Path, source: str, written: Progress | None, *, needed: bool):
        self._path = path
        self._source = source
        self._written = written
        self._needed = needed
        self._failed = False

    def save(self, progress: Progress) -> None:
        """Write it down if it is another; raises ConfigurationError where that fails and it is needed."""
        if progress == self._written:
            return
        try:
            write_state(self._path, msgspec.json.encode(progress))
        except OSError as error:
            fault = f"where it is cannot be written to {str(self._path)!r} ({error.strerror})"
            with contextlib.suppress(OSError):
                forget_state(self._path)  # a successor must not go on where we were long ago
            if self._needed:
                raise ConfigurationError(f"{self._source}: {fault}: killed, it could not go on") from None
            if not self._failed:
                log.warning("going on without a state on disk", source=self._source, error=fault)
            self._failed = True
        else:
            self._failed = False
        self._written = progress
