"""Reading an MP4 from a server that gives no parts of a file (such as `python -m http.server`)."""

import os

from capture.sources.http_fetch import Answer, Fetcher

_BEFORE_INDEX = (b"ftyp", b"free", b"skip", b"wide", b"uuid")


def index_is_last(head: bytes) -> bool:
    """Whether an MP4 or QuickTime file's index stands behind its pictures, by the file's first bytes."""
    at, kind = 0, b"ftyp"
    while kind in _BEFORE_INDEX and at + 8 <= len(head):
        size, kind = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        at += max(8, size)
    return kind == b"mdat"


class Reread:
    """A body in which one can go back: it is asked for again, and skipped up to there."""

    def __init__(self, fetcher: Fetcher, answer: Answer):
        self._fetcher = fetcher
        self._answer: Answer | None = answer
        self._length = answer.length
        self._read = 0  # of this answer
        self._at = 0

    def read(self, size: int) -> bytes:
        """At most `size` bytes from where it was sought, none at the end.

        Raises:
            SourceUnavailable, OSError, HTTPException: the connection fails.
        """
        if self._at < self._read:
            self.close()
            self._answer, self._read = self._fetcher.ask(), 0
        if self._answer is None:
            raise OSError("is gone")
        while self._read < self._at:
            skipped = self._answer.read(min(1 << 20, self._at - self._read))
            if not skipped:
                return b""
            self._read += len(skipped)
        data = self._answer.read(size)
        self._read += len(data)
        self._at = self._read
        if not data and self._at < (self._length or 0):
            raise OSError(f"closed the connection after {self._at} of {self._length} bytes")
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Where to read next, as of `io`; costs nothing until it is read. -1: where its end is, is not known."""
        if whence == os.SEEK_END and self._length is None:
            return -1
        self._at = offset + (0, self._at, self._length or 0)[whence]
        return self._at

    def tell(self) -> int:
        """Where is read next."""
        return self._at

    def close(self) -> None:
        """Disconnect. Idempotent."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None


Body = Answer | Reread
"""What a server sends, where FFmpeg does not ask for it itself."""
