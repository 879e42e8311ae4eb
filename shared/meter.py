"""Counters and latencies of a process, and the rates between two readings."""

from collections import Counter, deque

import numpy as np

from shared.status import Latency

Summary = dict[str, float]
"""What `Meter.summarize` returns."""


def is_news(summary: Summary, logged: Summary) -> bool:
    """Whether a summary says something else than the one last logged.

    A rate differs by a fifth and by 1 per second, more than a twentieth of ten seconds' frames are skipped or no longer
    are, or the median latency has doubled or halved, and by 10 ms.
    """
    if summary.keys() != logged.keys():
        return True

    def differs(name: str, least: float, share: float) -> bool:
        new, old = summary.get(name, 0.0), logged.get(name, 0.0)
        return abs(new - old) > max(least, share * max(new, old))

    def skips(row: Summary) -> bool:
        return row.get("skipped", 0) > row.get("fps_in", 0) / 2

    rates = differs("fps_in", 1.0, 0.2) or differs("fps_out", 1.0, 0.2)
    return rates or skips(summary) != skips(logged) or differs("p50_ms", 10.0, 0.5)


class Meter:
    """Event counters by name, and the latencies of the last `keep` units of work in milliseconds."""

    def __init__(self, keep: int = 300):
        self.counters: Counter[str] = Counter()
        self._latencies_ms: deque[float] = deque(maxlen=keep)
        self._previous: Counter[str] = Counter()
        self._previous_at: float | None = None

    def count(self, name: str, times: int = 1) -> None:
        """Add to a counter."""
        self.counters[name] += times

    def took(self, milliseconds: float) -> None:
        """Record the latency of one unit of work."""
        self._latencies_ms.append(milliseconds)

    def latency(self) -> Latency | None:
        """Median and 95th percentile in milliseconds; None before the first."""
        if not self._latencies_ms:
            return None
        p50, p95 = np.percentile(self._latencies_ms, (50, 95))
        return Latency(p50=round(float(p50), 2), p95=round(float(p95), 2))

    def percentile_ms(self, percent: float) -> float | None:
        """One percentile of the latencies in milliseconds; None before the first."""
        return float(np.percentile(self._latencies_ms, percent)) if self._latencies_ms else None

    def summarize(self, now: float) -> Summary:
        """Since the last call: `fps_in`, `fps_out` (per second), `skipped`; and `p50_ms`, `p95_ms`."""
        seconds = now - self._previous_at if self._previous_at is not None else 0.0
        delta = {name: self.counters[name] - self._previous[name] for name in ("in", "out", "skipped")}
        self._previous, self._previous_at = self.counters.copy(), now
        if not seconds:
            return {}
        row = {
            "fps_in": round(delta["in"] / seconds, 1),
            "fps_out": round(delta["out"] / seconds, 1),
            "skipped": delta["skipped"],
        }
        latency = self.latency()
        return row | ({"p50_ms": latency.p50, "p95_ms": latency.p95} if latency else {})
