"""Measures the load that a capture's live sources put on the workers. Pure; time in seconds."""

from collections import defaultdict
from collections.abc import Iterable

import structlog

from capture.effort import OVERLOADED, WATCH_S, Bottleneck, Effort, Ladder
from capture.hosted import Hosted
from capture.report import report
from shared.status import SourceStatus

log = structlog.get_logger()

_EVERY_S = 1.0
_HELD_UP_S = 2.0
_MEMORY = 0.8  # weight of the past in where frames wait


class Load:
    """Reduces the work per live frame while not all can be analysed, and restores it when they can."""

    def __init__(self) -> None:
        self._ladder = Ladder()
        self._watched_at = 0.0
        self._learns = False  # whether skipped frames are due to the workers' load
        self._waiting: dict[str, float] = defaultdict(float)  # live frames waiting per stage, decayed every second

    def watch(self, sources: Iterable[Hosted], now: float, *, ready: bool) -> None:
        """Call often; `ready`: there are workers, so that skipped frames tell of their load."""
        if now < self._watched_at + _EVERY_S:
            return
        self._watched_at = now
        live = [hosted for hosted in sources if hosted.policy.live and hosted.state == "running"]
        self._learns = ready and not any(_is_held_up(hosted, now) for hosted in live)
        shares = [share for hosted in live if (share := self._share(hosted)) is not None]
        worst = min(shares, default=None)
        for flight in (flight for hosted in live for flight in hosted.window.flights.values()):
            self._waiting[flight.waits_for] += 1
        for stage in self._waiting:
            self._waiting[stage] *= _MEMORY
        if self._ladder.watch(worst, self.bottleneck, now):
            steps = self._ladder.search + self._ladder.classify
            log.info("live work changed", steps=steps, share=None if worst is None else round(worst, 2))

    @property
    def bottleneck(self) -> Bottleneck:
        """Where most live frames have been waiting lately."""
        return "classifier" if self._waiting["classifier"] > self._waiting["detector"] else "detector"

    def effort(self, hosted: Hosted, longest_side: int = 0) -> Effort:
        """The effort now for a source's frame of this longest side; 0: the last frame's."""
        effort = hosted.effort(longest_side)
        return effort.reduced(self._ladder.search, self._ladder.classify) if hosted.policy.live else effort

    def status(self, hosted: Hosted, now: float) -> SourceStatus:
        """The source's status for viewers."""
        live = hosted.policy.live
        share = self._share(hosted) if live and hosted.state == "running" else None
        return report(
            hosted,
            now,
            self.effort(hosted),
            overloaded=share is not None and share < OVERLOADED,
            bottleneck=self.bottleneck if live else None,
        )

    def _share(self, hosted: Hosted) -> float | None:
        return hosted.pace.share(WATCH_S, hosted.window.under_way()) if self._learns else None


def _is_held_up(hosted: Hosted, now: float) -> bool:
    """Whether its oldest frame waits for a stage that less work per frame would not help."""
    oldest = next(iter(hosted.window.flights.values()), None)
    return (
        oldest is not None
        and oldest.waits_for in ("smoother", "recorder")
        and oldest.sent_at is not None
        and now - oldest.sent_at > _HELD_UP_S
    )
