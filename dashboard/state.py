"""What viewers see of the sources, from messages and when these were heard. No sockets, no clock."""

from collections.abc import Callable
from typing import NamedTuple

from dashboard import stages
from dashboard.condition import Health, health_of
from dashboard.history import Track
from dashboard.latency import LatencyView, Past, Percentiles, latency_of
from dashboard.privacy import Pictures
from dashboard.processes import FORGET_S, SILENT_S, Process, Processes, ProcessView
from dashboard.source import Picture, Reported, Source, SourceView, limit
from dashboard.stages import Flows, StageView
from shared import messages as m
from shared.epochs import Epochs
from shared.results import Smoothed
from shared.status import SourceStatus, Status

MOST_SOURCES = 64


class Snapshot(NamedTuple):
    """Everything shown to a viewer at one moment; `missing` maps a needed stage to what is wrong with it."""

    sources: list[SourceView]
    stages: list[StageView]
    latency: Percentiles
    processes: list[ProcessView]
    missing: dict[str, str]
    pictures: dict[str, Picture]
    veilable: dict[str, Picture]
    results: dict[str, int]

    def shown(self, level: Pictures) -> dict[str, Picture]:
        """The newest picture of each source that can be made for a viewer of this level."""
        return {"shown": self.pictures, "blurred": self.veilable, "none": {}}[level]

    def health(self) -> Health:
        """The condition of the whole pipeline in words."""
        conditions = {view.source: view.condition for view in self.sources}
        return health_of(conditions, self.missing, [view.source for view in self.sources if view.lost])


class State:
    """The newest state of everything, in bounded memory; `tell` is given every result once."""

    def __init__(self, tell: Callable[[Smoothed], object] = lambda _: None) -> None:
        self._tell = tell
        self._sources: dict[str, Source] = {}
        self._processes = Processes()
        self._flows = Flows()
        self._past = Past()
        self._epochs = Epochs()

    def hear(self, message: m.Message, now: float) -> bool:
        """Take a message in; True for news: a result, a picture or a status."""
        if isinstance(message, Status):
            self._processes.hear(message, now)
            self._flows.hear(message, now)
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
            source.preview(message)
            return source.join(frame)
        is_news = self._is_news(message, source, now)
        if is_news:
            source.take(message, now)
            self._tell(message)
        return source.join(frame) or is_news

    def note(self, now: float) -> None:
        """Once a second: note what is kept second by second, and drop what is gone."""
        self.forget(now)
        self._past.note(self._latency(self._processes.views(now), now), now)

    def forget_pictures(self) -> None:
        """Drop all images, as nobody watches."""
        for source in self._sources.values():
            source.forget_pictures()

    def forget(self, now: float) -> None:
        """Drop processes that are gone and sources that have fallen silent."""
        self._processes.forget(now)
        self._flows.forget(self._processes.names())
        listed = self._processes.reports()
        for name, source in list(self._sources.items()):
            if now - source.heard_at > FORGET_S and name not in listed:
                del self._sources[name]

    def history(self, source: str, seconds: float) -> tuple[int | None, list[Track]] | None:
        """The epoch of a source, and its tracks in the last `seconds`; None if there is no such source."""
        known = self._sources.get(source)
        return (known.history.epoch, known.history.cut(seconds)) if known else None

    def latency(self, now: float) -> LatencyView:
        """The last ten minutes."""
        return self._past.view(now)

    def snapshot(self, now: float) -> Snapshot:
        """Everything at this moment; immutable. Sources come as the captures list them."""
        missing, processes = self._processes.missing(now), self._processes.views(now)
        reports = self._processes.reports()
        unlisted = sorted(self._sources.keys() - reports.keys()) if "capture" in missing else []  # else it was closed
        names = [*reports, *unlisted]
        return Snapshot(
            sources=[self._view(name, reports.get(name), missing, now) for name in names],
            stages=stages.views(processes, missing, self._flows, now),
            latency=self._latency(processes, now),
            processes=processes,
            missing=missing,
            pictures={name: source.picture for name, source in self._sources.items() if source.picture},
            veilable={name: one for name, source in self._sources.items() if (one := source.veilable(now))},
            results={name: source.total for name, source in self._sources.items()},
        )

    def _view(
        self, name: str, report: tuple[Process, SourceStatus] | None, missing: dict[str, str], now: float
    ) -> SourceView:
        reported = None
        if report:
            process, status = report
            ago = max(0.0, now - process.heard_at)
            reported = Reported(process.status.process, status, ago, process.is_silent(now))
        return self._sources.get(name, Source(name, now)).view(reported, missing, now)

    def _latency(self, processes: list[ProcessView], now: float) -> Percentiles:
        heard_at = max((source.heard_at for source in self._sources.values() if source.newest), default=float("-inf"))
        return latency_of(processes, now - heard_at)

    def _source(self, name: str, now: float) -> Source:
        if name not in self._sources:
            self._sources[name] = Source(name, now)
            limit(self._sources, MOST_SOURCES)
        return self._sources[name]

    def _is_news(self, result: Smoothed, source: Source, now: float) -> bool:
        newest = source.newest
        if newest is None or result.epoch == newest.epoch:
            return newest is None or result.seq > newest.seq
        quiet = now - source.heard_at > SILENT_S
        return self._epochs.follows(result.source, result.epoch, newest.epoch, now, quiet=quiet)
