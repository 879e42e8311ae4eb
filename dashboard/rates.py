"""How often something happens, over the last few seconds. Pure; time in seconds."""

from collections import deque

_APART_S = 0.2
_LEAST_S = 0.5


class Rate:
    """Events per second over the last five seconds, or since the first event where that is less.

    It knows nothing of epochs, so it goes on when a film begins again.
    """

    def __init__(self, over_s: float = 5.0) -> None:
        self._over_s = over_s
        self._noted: deque[tuple[float, int]] = deque()
        self._total = 0
        self._read_at: float | None = None

    def add(self, now: float, count: int = 1) -> None:
        """Count events."""
        self._total += count
        self._note(now)

    def reach(self, now: float, total: int) -> None:
        """Take a counter's reading; one that has gone back is another counter's, and measuring begins anew."""
        if total < self._total:
            self._noted.clear()
        self._total, self._read_at = total, now
        self._note(now)

    def per_s(self, now: float) -> float:
        """The rate at `now`, or up to a counter's last reading; 0 before half a second is known."""
        first = next((one for one in self._noted if now - one[0] <= self._over_s), None)
        until = now if self._read_at is None else self._read_at
        if first is None or until - first[0] < _LEAST_S:
            return 0.0
        return round((self._total - first[1]) / (until - first[0]), 1)

    def _note(self, now: float) -> None:
        if not self._noted or now - self._noted[-1][0] >= _APART_S:
            self._noted.append((now, self._total))
        while now - self._noted[0][0] > self._over_s:
            self._noted.popleft()
