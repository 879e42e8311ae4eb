"""How much work a live frame is worth now: less, step by step, while the workers cannot keep up. Pure; time in seconds.

First whole frames are searched less often, then at a smaller size, then fewer frames are classified: each step costs
more truth than the one before. A step is undone when nothing was skipped for a while; where that proves too early, the
next try comes later (like the probing of bandwidth in congestion control, RFC 5681).
"""

from dataclasses import dataclass
from typing import Literal

OVERLOADED = 0.8
"""A source of whose frames fewer are analysed is overloaded."""
ENOUGH = 0.95
"""Where as many are analysed, there may be room for more work."""

SETTLE_S = 1.0
"""After a step its effect takes so long to show, ..."""
WATCH_S = 3.0
"""... and for so long it is watched before the next."""
HOLD_S, LONGEST_HOLD_S = 10.0, 160.0
"""For so long all must be well before a step is undone; twice as long after each time that was too early."""

SCANS = ((1, 0.0), (2, 0.5), (4, 1.0), (4, 1.0), (4, 1.0))
"""Step by step, so many times as seldom as set are whole frames searched, and at least so many seconds apart, ..."""
SIDES = (1.0, 1.0, 1.0, 2 / 3, 0.5)
"""... and at this share of their size, ..."""
LEAST_SIDE = 320
"""... which is never made smaller than this."""
CLASSIFY = (1, 2, 4)
"""So many times as seldom as set are frames classified."""


Bottleneck = Literal["detector", "classifier"]


@dataclass(frozen=True)
class Effort:
    """What is asked of a source's frames. `max_side` is the longest side searched, 0 for the whole frame's own."""

    scan_s: float
    max_side: int
    classify_every: int
    steps: int = 0
    """By how many steps it is less than what is set."""

    def reduced(self, search: int, classify: int) -> "Effort":
        """This much, less `search` and `classify` steps; `max_side` has to be a frame's real one."""
        times, least_s = SCANS[search]
        side = max(round(self.max_side * SIDES[search]), min(self.max_side, LEAST_SIDE))
        return Effort(
            max(times * self.scan_s, least_s), side, self.classify_every * CLASSIFY[classify], search + classify
        )


class Ladder:
    """On which step the live sources of a capture are, all together, since they share the workers."""

    def __init__(self) -> None:
        self.search = self.classify = 0
        self._changed_at = 0.0
        self._undone_at = float("-inf")
        self._fine_since: float | None = None
        self._hold_s = HOLD_S

    def watch(self, share: float | None, bottleneck: Bottleneck, now: float) -> bool:
        """To be called about once a second; whether the step has changed.

        `share`: of the worst source's frames of the last WATCH_S so many were analysed; None while nothing is to be
        learnt, as nobody works. `bottleneck`: where frames spend their time; where that is the classifier, frames are
        classified less often first.
        """
        if share is None:
            self._changed_at = now  # what follows is watched from its beginning
        if share is None or now - self._changed_at < SETTLE_S + WATCH_S:
            self._fine_since = None
            return False
        if share < OVERLOADED:
            self._fine_since = None
            return self._up(bottleneck, now)
        if share < ENOUGH:
            self._fine_since = None
            return False
        self._fine_since = now if self._fine_since is None else self._fine_since
        return now - self._fine_since >= self._hold_s and self._down(now)

    def _up(self, bottleneck: Bottleneck, now: float) -> bool:
        can_search, can_classify = self.search < len(SCANS) - 1, self.classify < len(CLASSIFY) - 1
        if not (can_search or can_classify):
            return False
        if now - self._undone_at < HOLD_S:  # it was too early
            self._hold_s = min(2 * self._hold_s, LONGEST_HOLD_S)
        if can_classify and (bottleneck == "classifier" or not can_search):
            self.classify += 1
        else:
            self.search += 1
        self._changed_at = now
        return True

    def _down(self, now: float) -> bool:
        if self.classify:
            self.classify -= 1
        elif self.search:
            self.search -= 1
        else:
            self._hold_s = HOLD_S
            return False
        self._changed_at = self._undone_at = now
        self._fine_since = None
        return True
