"""What a visitor may ask for, and how many there may be. Pure; time in seconds."""

import contextlib
from collections.abc import Iterator

MOST_VIEWERS = 100
"""WebSockets and endless answers (MJPEG) at a time."""
MOST_SAID = 4096
"""Bytes of a message on a WebSocket, ..."""
LONGER = {"/camera/feed": 2 << 20}
"""... but for those of these paths."""
MOST_BODY = 64 << 10
"""Bytes of a request's body, ..."""
UPLOADS = "/api/uploads"
"""... but for this path, whose route has a limit of its own."""


def too_much(path: str, length: str | None, encoding: str | None) -> tuple[int, str] | None:
    """The HTTP status and reason for refusing a request with such a body; None admits it.

    Args:
        path: of the request.
        length: its Content-Length.
        encoding: its Transfer-Encoding, by which a body's length is not told.
    """
    if path == UPLOADS:
        return None
    if encoding is not None:
        return 411, "A request's body needs a Content-Length here.\n"
    if length is not None and (not length.isdecimal() or int(length) > MOST_BODY):
        return 413, f"A request's body may have at most {MOST_BODY} bytes here.\n"
    return None


class FullError(Exception):
    """There are as many viewers as there may be; the text says so."""


class Visitors:
    """Counts who is watching, and refuses those above a limit."""

    def __init__(self, most: int = MOST_VIEWERS) -> None:
        self.most = most
        self._present = 0

    @contextlib.contextmanager
    def enter(self) -> Iterator[None]:
        """Count a viewer while the context lasts; raises FullError."""
        if self._present >= self.most:
            raise FullError(f"{self.most} viewers are watching, which is the limit; try again later")
        self._present += 1
        try:
            yield
        finally:
            self._present -= 1


class Bucket:
    """Lets `per_s` messages a second through, and a burst of as many as it holds."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left, self._at = float(burst), float("-inf")

    def take(self, now: float) -> float:
        """Take a message; returns how many seconds to wait before it is read on."""
        if self._at > float("-inf"):
            self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        self._left -= 1
        return max(0.0, -self._left / self._per_s)
