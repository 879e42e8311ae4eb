"""Splitting `multipart/x-mixed-replace`, in which cameras send JPEGs over HTTP.

FFmpeg's own reader refuses what many cameras send: parts typed `image/jpg`, with a parameter, or not at all.
"""

from collections.abc import Callable, Generator
from typing import NamedTuple

_LONGEST_LINE = 1 << 16
_MOST_LINES = 100
_LONGEST_PART = 64 << 20
_END_OF_JPEG = b"\xff\xd9"
_UNLIKELY = 8  # bytes of a boundary that no picture contains, so that it need not begin a line, as it should


class MultipartError(ValueError):
    """What comes is no multipart stream."""


class Part(NamedTuple):
    """One part: its type as its head says, empty if it does not, and its content."""

    kind: str
    content: bytes


def parts(read: Callable[[], bytes]) -> Generator[Part, None, None]:
    """The parts of a multipart stream, each as soon as it is complete.

    A JPEG that ends where its `Content-Length` says is complete there, anything else where the next part begins. The
    boundary is the first line that begins with `--`: what servers announce may be quoted, lack the dashes, or be wrong.

    Args:
        read: gives the next bytes, none at the end.

    Raises:
        MultipartError: no boundary, or a head or part without end.
    """
    text = _Text(read)
    boundary = b""
    while not boundary.startswith(b"--"):
        line = text.line()
        if line is None:
            raise MultipartError("there is no boundary in it")
        boundary = line
    while (head := _head(text)) is not None:
        kind = head.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
        length = head.get(b"content-length", b"")
        content = text.jpeg(int(length)) if length.isdigit() else None
        if content is not None:
            yield Part(kind, content)
        rest = text.until(boundary)
        if content is None and rest:
            yield Part(kind, rest)


def _head(text: "_Text") -> dict[bytes, bytes] | None:
    """A part's headers, by their names in lower case; None at the end of the stream."""
    head: dict[bytes, bytes] = {}
    for _ in range(_MOST_LINES):
        line = text.line()
        if not line:
            return None if line is None else head
        name, _, value = line.partition(b":")
        head[name.strip().lower()] = value.strip()
    raise MultipartError("a part's head does not end")


class _Text:
    """What has been read of a stream and not taken."""

    def __init__(self, read: Callable[[], bytes]):
        self._read = read
        self._bytes = bytearray()

    def line(self) -> bytes | None:
        """The next line, without its end; None at the end of the stream."""
        end = self._find(b"\n", _LONGEST_LINE)
        return None if end is None else self._take(end, 1).rstrip(b"\r")

    def jpeg(self, length: int) -> bytes | None:
        """The next bytes, if so many of them end as a JPEG does."""
        while len(self._bytes) < min(length, _LONGEST_PART) and self._more():
            pass
        is_whole = self._bytes[:length].rstrip(b"\0\r\n").endswith(_END_OF_JPEG)
        return self._take(length) if is_whole else None

    def until(self, boundary: bytes) -> bytes:
        """What comes before the next boundary, whose line is dropped; without one, what is left as a whole JPEG."""
        mark = boundary if len(boundary) >= _UNLIKELY else b"\n" + boundary
        end = self._find(mark, _LONGEST_PART)
        if end is None:
            return self.jpeg(len(self._bytes)) or b""
        content = self._take(end)
        self._take(len(mark))
        self.line()
        return content.removesuffix(b"\n").removesuffix(b"\r")

    def _find(self, mark: bytes, most: int) -> int | None:
        """Where a mark is, None if the stream ends before it."""
        searched = 0
        while (at := self._bytes.find(mark, searched)) < 0:
            searched = max(0, len(self._bytes) - len(mark))
            if searched > most:
                raise MultipartError("a part does not end")
            if not self._more():
                return None
        return at

    def _take(self, size: int, and_drop: int = 0) -> bytes:
        taken = bytes(self._bytes[:size])
        del self._bytes[: size + and_drop]
        return taken

    def _more(self) -> bool:
        data = self._read()
        self._bytes += data
        return bool(data)
