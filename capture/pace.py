"""A source's frame rate, result rate and result age. Pure; time in seconds."""

from collections import deque
from typing import NamedTuple

import numpy as np

_APART_S = 0.5
_KEEP_S = 5.0
FEW = 8  # fewest frames from which a share is computed


class _Count(NamedTuple):
    at: float
    read: int
    analysed: int


class Pace:
    """Counts over the last five seconds, sampled twice a second."""

    def __init__(self) -> None:
        self.given_up = self.stale = 0
        """Totals of frames given up, and dropped by workers."""
        self._read = self._analysed = 0
        self._noted: deque[_Count] = deque()
        self._ages_ms: deque[float] = deque(maxlen=30)

    def read(self, count: int) -> None:
        """Count frames read from the source, admitted or skipped."""
        self._read += count

    def analysed(self, age_ms: float) -> None:
        """Count a complete result, `age_ms` after its frame's capture."""
        self._analysed += 1
        self._ages_ms.append(age_ms)

    def pass_time(self, now: float) -> None:
        """Sample the counts; call it often."""
        if not self._noted or now - self._noted[-1].at >= _APART_S:
            self._noted.append(_Count(now, self._read, self._analysed))
            while now - self._noted[0].at > _KEEP_S + _APART_S:
                self._noted.popleft()

    def per_second(self) -> tuple[float, float]:
        """(frames read, complete results) per second."""
        if len(self._noted) < 2:
            return 0.0, 0.0
        first, last = self._noted[0], self._noted[-1]
        seconds = last.at - first.at
        return (last.read - first.read) / seconds, (last.analysed - first.analysed) / seconds

    def share(self, seconds: float, under_way: int = 0) -> float | None:
        """The share of the frames read in the last `seconds` that were analysed, at most 1; None if too few were read.

        Those `under_way` (in flight) are left out.
        """
        if not self._noted:
            return None
        last = self._noted[-1]
        first = next(count for count in self._noted if last.at - count.at <= seconds)
        read = last.read - first.read
        return min(1.0, (last.analysed - first.analysed) / (read - under_way)) if read - under_way >= FEW else None

    def age_ms(self) -> float | None:
        """The median age of the last few results; None before the first."""
        return round(float(np.median(self._ages_ms)), 1) if self._ages_ms else None
