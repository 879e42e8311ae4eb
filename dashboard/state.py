"""What viewers see of the sources, from messages and when these were heard. No sockets, no clock.

A picture is shown only with its own frame's result: the two are joined by (source, epoch, seq), in either order.
"""

from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import msgspec

from dashboard.condition import Condition, Health, condition_of, health_of
from dashboard.processes import FORGET_S, SILENT_S, Process, Processes, ProcessView
from shared import messages as m
from shared.epochs import Epochs
from shared.results import Smoothed
from shared.status import SourceStatus, Status

MOST_SOURCES = 64
MOST_UNJOINED = 64
"""Limit of previews, and of results, of one source that wait for their counterpart."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class Picture(NamedTuple):
    """A frame to show: its JPEG and the result of that very frame."""

    jpeg: bytes
    result: Smoothed


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """A source as last reported by its capture, and its newest result.

    `silent`: no capture has reported it for 3 s. `results_per_s` counts results, `status.fps` the frames read.
    `unanswered_s`: how long frames have arrived without a complete result; None if none is due.
    """

    source: str
    capture: str | None
    silent: bool
    status: SourceStatus | None
    results_per_s: float
    unanswered_s: float | None
    condition: Condition
    smoothed: Smoothed | None


class Snapshot(NamedTuple):
    """Everything shown to a viewer at one moment; `missing` maps a needed stage to what is wrong with it."""

    sources: list[SourceView]
    processes: list[ProcessView]
    missing: dict[str, str]
    pictures: dict[str, Picture]
    results: dict[str, int]

    def health(self) -> Health:
        """The condition of the whole pipeline in words."""
        conditions = {view.source: view.condition for view in self.sources}
        lost = [
            view.source
            for view in self.sources
            if view.condition.level == "error" or (view.status and view.status.state == "reconnecting")
        ]
        return health_of(conditions, self.missing, lost)


@dataclass
class _Rate:
    """Events per second over the last whole second or more."""

    since: float
    count: int = 0
    per_s: float = 0.0

    def add(self, now: float) -> None:
        """Count an event; `per_s` is updated once a second."""
        self.count += 1
        if now - self.since >= 1.0:
            self.per_s = self.count / (now - self.since)
            self.since, self.count = now, 0

    def at(self, now: float) -> float:
        return round(self.per_s, 1) if now - self.since < SILENT_S else 0.0


@dataclass
class _Source:
    """What has been heard of one source."""

    heard_at: float
    rate: _Rate
    total: int = 0
    newest: Smoothed | None = None
    unanswered_since: float | None = None
    picture: Picture | None = None
    previews: dict[tuple[int, int], m.Preview] = field(default_factory=dict)
    results: dict[tuple[int, int], Smoothed] = field(default_factory=dict)

    def take(self, result: Smoothed, now: float) -> None:
        """Take in its newest result."""
        if self.newest is not None and self.newest.epoch != result.epoch:
            for waiting in (self.previews, self.results):
                for other in [key for key in waiting if key[0] != result.epoch]:
                    del waiting[other]
        self.newest = result
        self.heard_at = now
        self.total += 1
        self.rate.add(now)
        if result.complete and self.unanswered_since is not None:
            self.unanswered_since = now
        _keep(self.results, (result.epoch, result.seq), result)

    def expect(self, status: SourceStatus, now: float) -> None:
        """Note whether results are due: whether frames arrive."""
        if status.state != "running" or not (status.fps > 0 or status.unfinished > 0):
            self.unanswered_since = None
        elif self.unanswered_since is None:
            self.unanswered_since = now

    def join(self, frame: tuple[int, int]) -> bool:
        """Show this frame if both its parts have arrived; returns whether they have."""
        if frame not in self.previews or frame not in self.results:
            return False
        self.picture = Picture(self.previews[frame].jpeg, self.results[frame])
        for waiting in (self.previews, self.results):
            for older in [key for key in waiting if key <= frame]:
                del waiting[older]
        return True


class State:
    """The newest state of everything, in bounded memory."""

    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}
        self._processes = Processes()
        self._epochs = Epochs()

    def hear(self, message: m.Message, now: float) -> bool:
        """Take a message in; True for a change to show at once: a new picture or status."""
        if isinstance(message, Status):
            self._processes.hear(message, now)
            self._epochs.hear(message, now)
            for status in message.sources:
                self._source(status.source, now).expect(status, now)
            self.forget(now)
            return True
        if not isinstance(message, Smoothed | m.Preview):
            return False
        source = self._source(message.source, now)
        frame = (message.epoch, message.seq)
        if isinstance(message, m.Preview):
            _keep(source.previews, frame, message)
        elif self._is_news(message, source, now):
            source.take(message, now)
        return source.join(frame)

    def forget_pictures(self) -> None:
        """Drop all images, as nobody watches."""
        for source in self._sources.values():
            source.picture = None
            source.previews.clear()

    def forget(self, now: float) -> None:
        """Drop processes that are gone and sources that have fallen silent."""
        self._processes.forget(now)
        listed = self._processes.reports()
        for name, source in list(self._sources.items()):
            if now - source.heard_at > FORGET_S and name not in listed:
                del self._sources[name]

    def snapshot(self, now: float) -> Snapshot:
        """Everything at this moment; immutable."""
        reports, missing = self._processes.reports(), self._processes.missing(now)
        return Snapshot(
            sources=[
                self._view(name, reports.get(name), missing, now) for name in sorted(self._sources.keys() | reports)
            ],
            processes=self._processes.views(now),
            missing=missing,
            pictures={name: source.picture for name, source in self._sources.items() if source.picture},
            results={name: source.total for name, source in self._sources.items()},
        )

    def _source(self, name: str, now: float) -> _Source:
        if name not in self._sources:
            self._sources[name] = _Source(now, _Rate(now))
            _limit(self._sources, MOST_SOURCES)
        return self._sources[name]

    def _is_news(self, result: Smoothed, source: _Source, now: float) -> bool:
        newest = source.newest
        if newest is None or result.epoch == newest.epoch:
            return newest is None or result.seq > newest.seq
        quiet = now - source.heard_at > SILENT_S
        return self._epochs.follows(result.source, result.epoch, newest.epoch, now, quiet=quiet)

    def _view(
        self, name: str, report: tuple[Process, SourceStatus] | None, missing: dict[str, str], now: float
    ) -> SourceView:
        source = self._sources.get(name)
        silent = report is None or report[0].is_silent(now)
        status = report[1] if report else None
        since = source.unanswered_since if source and not silent else None
        unanswered_s = None if since is None else round(now - since, 1)
        return SourceView(
            source=name,
            capture=report[0].status.process if report else None,
            silent=silent,
            status=status,
            results_per_s=source.rate.at(now) if source else 0.0,
            unanswered_s=unanswered_s,
            condition=condition_of(None if silent else status, missing, unanswered_s),
            smoothed=source.newest if source else None,
        )


def _keep(waiting: dict[tuple[int, int], _Value], frame: tuple[int, int], message: _Value) -> None:
    waiting[frame] = message
    _limit(waiting, MOST_UNJOINED)


def _limit(known: dict[_Key, _Value], most: int) -> None:
    """Drop the oldest entries."""
    while len(known) > most:
        del known[next(iter(known))]
