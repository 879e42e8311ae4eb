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
    """Write one source's memory atomically."""
    write_state(folder / f"{memory.source}{_SUFFIX}", _encoder.encode(memory))


def read(folder: Path) -> dict[str, Memory]:
    """All stored memories by source; an unreadable one is skipped with a warning."""
    memories = {}
    for path in states(folder, _SUFFIX):
        try:
            memory = _decoder.decode(read_state(path) or b"")
        except (OSError, msgspec.DecodeError) as error:
            log.warning("memory of a source is unreadable, starting afresh", file=str(path), error=str(error))
            continue
        memories[memory.source] = memory
    return memories


def forget(folder: Path, source: str) -> None:
    """Delete the memory of a source."""
    forget_state(folder / f"{source}{_SUFFIX}")
