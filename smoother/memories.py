"""The smoother's memory on disk: one small file per source."""

from pathlib import Path

import msgspec
import structlog

from shared.state import forget_state, read_state, states, write_state
from smoother.assembly import Memory

log = structlog.get_logger()

_SUFFIX = ".msgpack"
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Memory)


def write(folder: Path, memory: Memory) -> None:
    """Write one source's memory; after a crash the old or the new one is there, whole."""
    write_state(folder / f"{memory.source}{_SUFFIX}", _encoder.encode(memory))


def read(folder: Path) -> dict[str, Memory]:
    """All memories there are, by source; one that cannot be read is left out with a warning."""
    memories = {}
    for path in states(folder, _SUFFIX):
        try:
            memory = _decoder.decode(read_state(path) or b"")
        except (OSError, msgspec.DecodeError) as error:
            log.warning("memory of a source is unreadable, starting anew", file=str(path), error=str(error))
            continue
        memories[memory.source] = memory
    return memories


def forget(folder: Path, source: str) -> None:
    """A source has ended."""
    forget_state(folder / f"{source}{_SUFFIX}")
