"""Load shedding: reduces the work per live frame step by step while workers cannot keep up. Pure; time in seconds.

Whole frames are searched less often, then at a smaller size, then fewer frames are classified; each step costs more
accuracy than the last. A step is undone when nothing was skipped for a while; if that proves too early, the next try
comes later (like bandwidth probing in congestion control, RFC 5681).
"""

from dataclasses import dataclass
from typing import Literal

OVERLOADED = 0.8  # a source with a smaller share of its frames analysed is overloaded
ENOUGH = 0.95  # from this share on there may be room for more work
SETTLE_S, WATCH_S = 1.0, 3.0  # after a step, wait for its effect, then measure it for so long before the next
HOLD_S, LONGEST_HOLD_S = 10.0, 160.0
"""Time without skips before a step is undone; doubled, up to the maximum, each time that was too early."""

SCANS = ((1, 0.0), (2, 0.5), (4, 1.0), (4, 1.0), (4, 1.0))
"""Per search step: factor on the scan interval, and its minimum in seconds."""
SIDES = (1.0, 1.0, 1.0, 2 / 3, 0.5)  # per search step: factor on the size searched
LEAST_SIDE = 320  # lower bound of the size searched, in pixels
CLASSIFY = (1, 2, 4)  # per classification step: factor on `classify_every`

Bottleneck = Literal["detector", "classifier"]


@dataclass(frozen=True)
class Effort:
    """The work per frame of a source. `max_side` is the longest side searched, 0 for the frame's own."""

    scan_s: float
    max_side: int
    classify_every: int
    steps: int = 0
    """Steps below the configured effort."""

    def reduced(self, search: int, classify: int) -> "Effort":
        """This effort after `search` and `classify` steps; `max_side` must be a real size, not 0."""
        times, least_s = SCANS[search]
        side = max(round(self.max_side * SIDES[search]), min(self.max_side, LEAST_SIDE))
        return Effort(
            max(times * self.scan_s, least_s), side, self.classify_every * CLASSIFY[classify], search + classify
        )


class Ladder:
    """The current step, common to all live sources of a capture, since they share the workers."""

    def __init__(self) -> None:
        self.search = self.classify = 0
        self._changed_at = 0.0
        self._undone_at = float("-inf")
        self._fine_since: float | None = None
        self._hold_s = HOLD_S

    def watch(self, share: float | None, bottleneck: Bottleneck, now: float) -> bool:
        """Update the step; call it about once a second. Returns whether the step has changed.

        `share`: the analysed share of the worst source's frames over the last WATCH_S, None while it says nothing about
        the load. `bottleneck`: where frames spend most time; if the classifier, classification is reduced first.
        """
        if share is None:
            self._changed_at = now  # the next measurement starts afresh
        if share is None or now - self._changed_at < SETTLE_S + WATCH_S:
            self._fine_since = None
            return False
        if share < ENOUGH:
            self._fine_since = None
            return share < OVERLOADED and self._up(bottleneck, now)
        self._fine_since = now if self._fine_since is None else self._fine_since
        return now - self._fine_since >= self._hold_s and self._down(now)

    def _up(self, bottleneck: Bottleneck, now: float) -> bool:
        can_search, can_classify = self.search < len(SCANS) - 1, self.classify < len(CLASSIFY) - 1
        if not (can_search or can_classify):
            return False
        if now - self._undone_at < HOLD_S:  # the last undo was too early
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
