"""Results on disk as they come: an append-only file, from which the tables are made at the end.

Each result is its MessagePack map behind its length (4 bytes, little-endian). Memory stays flat, and what a killed
recorder has written is whole up to a last, cut entry.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from shared.results import Smoothed

_LENGTH = struct.Struct("<I")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Smoothed)


class Journal:
    """The file at `path`, to be continued if it is there.

    With `durable`, `append` returns once the disk has the rows: they outlast a power cut. Otherwise they outlast the
    end of any process, and a power cut once `flush` has returned.
    """

    def __init__(self, path: Path, *, durable: bool):
        self._durable = durable
        self.frames, self.faces, self.tracks = 0, 0, 0
        self.last: Smoothed | None = None
        whole = 0
        if path.exists():
            with path.open("rb") as file:
                for result in _entries(file):
                    self._count(result)
                    whole = file.tell()
        self._file = path.open("ab", buffering=0)
        self._file.truncate(whole)

    def append(self, results: Iterable[Smoothed]) -> None:
        """Write results; raises OSError, as on a full disk, and then holds none of them."""
        bodies = [(result, _encoder.encode(result)) for result in results]
        content = b"".join(part for _, body in bodies for part in (_LENGTH.pack(len(body)), body))
        before = os.fstat(self._file.fileno()).st_size
        try:
            view = memoryview(content)
            while view:  # an unbuffered file may take a part only
                view = view[self._file.write(view) :]
            if self._durable:
                self.flush()
        except OSError:
            self._file.truncate(before)
            raise
        for result, _ in bodies:
            self._count(result)

    def flush(self) -> int:
        """Return once the disk has all rows; returns its size in bytes."""
        os.fsync(self._file.fileno())
        return self.size()

    def size(self) -> int:
        """Bytes written."""
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _count(self, result: Smoothed) -> None:
        self.last = result
        self.frames += 1
        self.faces += len(result.faces)
        self.tracks = max(self.tracks, *(face.track_id or 0 for face in result.faces), 0)


def read_journal(path: Path) -> Iterator[Smoothed]:
    """The results in a journal, in order, up to its end or a cut entry."""
    with path.open("rb") as file:
        yield from _entries(file)


def _entries(file: BinaryIO) -> Iterator[Smoothed]:
    while len(head := file.read(_LENGTH.size)) == _LENGTH.size:
        body = file.read(_LENGTH.unpack(head)[0])
        try:
            yield _decoder.decode(body)
        except msgspec.MsgspecError:
            return
