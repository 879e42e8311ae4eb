"""The smoother's memory on disk: one small file per source, renamed into place."""

from pathlib import Path

import msgspec
import structlog

from shared.stage import replace_file
from smoother.assembly import Memory

log = structlog.get_logger()

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Memory)


def write(folder: Path, memory: Memory) -> None:
    """Write one source's memory; after a crash the old or the new one is there, whole."""
    replace_file(folder / f"{memory.source}.msgpack", _encoder.encode(memory))


def read(folder: Path) -> dict[str, Memory]:
    """All memories there are, by source; one that cannot be read is left out with a warning."""
    memories = {}
    for path in sorted(folder.glob("*.msgpack")):
        try:
            memory = _decoder.decode(path.read_bytes())
        except (OSError, msgspec.DecodeError) as error:
            log.warning("memory of a source is unreadable, starting anew", file=str(path), error=str(error))
            continue
        memories[memory.source] = memory
    return memories


def forget(folder: Path, source: str) -> None:
    """A source has ended."""
    (folder / f"{source}.msgpack").unlink(missing_ok=True)
