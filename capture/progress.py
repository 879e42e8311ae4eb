"""A source's progress on disk, from which a killed capture resumes."""

import contextlib
from pathlib import Path

import msgspec
import structlog

from capture.cadence import Classified
from capture.hints import Seen
from shared.errors import ConfigurationError
from shared.state import forget_state, write_state

log = structlog.get_logger()


class Progress(msgspec.Struct, frozen=True):
    """What a killed capture resumes from.

    Its epoch; in replay also the last acknowledged frame, and the faces and the last classified frame so far.

    A live source begins a new epoch, which must be later even if the clock has been set back.
    """

    epoch: int
    acked: int | None
    ended: bool = False
    seen: tuple[Seen, ...] = ()
    classified: Classified | None = None


def read_progress(written: bytes) -> Progress | None:
    """What `ProgressFile.save` wrote; None if the very first write was cut off, before anything was sent."""
    try:
        return msgspec.json.decode(written, type=Progress)
    except msgspec.DecodeError:
        return None


class ProgressFile:
    """The file of a source's progress, which holds `written`.

    `needed`: rows are at stake if writing fails, as in a replay with a recorder.
    """

    def __init__(self, path: Path, source: str, written: Progress | None, *, needed: bool):
        self._path = path
        self._source = source
        self._written = written
        self._needed = needed
        self._failed = False
        self._closed = False

    def close(self) -> None:
        """Remove the file, and write no more."""
        self._closed = True
        with contextlib.suppress(OSError):
            forget_state(self._path)

    def save(self, progress: Progress) -> None:
        """Write `progress` if it has changed; raises ConfigurationError if that fails and it is needed."""
        if progress == self._written or self._closed:
            return
        try:
            write_state(self._path, msgspec.json.encode(progress))
        except OSError as error:
            fault = f"where it is cannot be written to {str(self._path)!r} ({error.strerror})"
            with contextlib.suppress(OSError):
                forget_state(self._path)  # a successor must not resume from stale progress
            if self._needed:
                raise ConfigurationError(f"{self._source}: {fault}: killed, it could not go on") from None
            if not self._failed:
                log.warning("going on without a state on disk", source=self._source, error=fault)
            self._failed = True
        else:
            self._failed = False
        self._written = progress
