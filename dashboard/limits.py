"""What a visitor may ask for, and how many there may be. Pure; time in seconds."""

import contextlib
from collections.abc import Iterator

MOST_VIEWERS = 100
"""WebSockets and endless answers (MJPEG) at a time."""
MOST_SAID = 4096
"""Bytes of a viewer's message."""


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
