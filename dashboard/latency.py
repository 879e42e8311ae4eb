"""From capture to result, second by second over ten minutes. Pure; time in seconds."""

from collections import deque
from collections.abc import Iterable

import msgspec

from dashboard.processes import ProcessView

KEPT = 600
_RECENT_S = 2.0


class Percentiles(msgspec.Struct, frozen=True):
    """Median and 95th percentile in milliseconds; nil while there are no results."""

    p50_ms: float | None = None
    p95_ms: float | None = None


class LatencyView(msgspec.Struct, frozen=True):
    """Ten minutes, a value a second, oldest first; nil where there was no result, or nobody to note it."""

    seconds_ago: list[int]
    p50_ms: list[float | None]
    p95_ms: list[float | None]


def latency_of(processes: Iterable[ProcessView], silent_s: float) -> Percentiles:
    """The slowest capture's latencies over its last few hundred results; `silent_s`: the time since any result."""
    known = [one.latency_ms for one in processes if one.stage == "capture" and not one.silent and one.latency_ms]
    if not known or silent_s > _RECENT_S:
        return Percentiles()
    return Percentiles(max(one.p50 for one in known), max(one.p95 for one in known))


class Past:
    """The last ten minutes."""

    def __init__(self) -> None:
        self._noted: deque[tuple[int, Percentiles]] = deque(maxlen=KEPT)

    def note(self, latency: Percentiles, now: float) -> None:
        """To be called about once a second; the last value of a second counts."""
        if self._noted and self._noted[-1][0] == int(now):
            self._noted.pop()
        self._noted.append((int(now), latency))

    def view(self, now: float) -> LatencyView:
        """Everything up to the second noted last, or up to now if that was some time ago."""
        last = self._noted[-1][0] if self._noted else int(now)
        end = last if now - last < _RECENT_S else int(now)
        by_second = {end - second: latency for second, latency in self._noted}
        ago = list(range(KEPT - 1, -1, -1))
        at = [by_second.get(seconds, Percentiles()) for seconds in ago]
        return LatencyView(ago, [one.p50_ms for one in at], [one.p95_ms for one in at])
