"""Connects the assemblies to the bus."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import structlog
from typing_extensions import override

from shared import locks
from shared import messages as m
from shared.epochs import MOST_SOURCES, Epochs
from shared.errors import ConfigurationError
from shared.log import Seldom
from shared.members import STATUS_FRESH_S
from shared.results import Smoothed
from shared.rivals import Rivals
from shared.stage import Place, Stage
from shared.status import Status
from shared.topics import Envelope
from smoother import memories
from smoother.assembly import Assembly, Part
from smoother.labels import LabelRule

log = structlog.get_logger()


class Smoother(Stage):
    """Owns the order, identity and smoothing of all sources."""

    def __init__(self, place: Place):
        super().__init__()
        self._me = place.identity
        self._folder = place.state_dir
        self._smoothing = place.settings.smoothing
        self._rule = LabelRule(place.settings.label_lead, place.settings.label_seconds)
        self._lock = locks.take(place.settings.runtime_dir, "smoother", "the smoother's place")
        self._needs_disk = place.settings.capture_ack == "recorder"
        self._unwritten: str | None = None
        """Why the last write of a state failed."""
        self._epochs = Epochs()
        self._seldom = Seldom()
        self._rivals = Rivals()
        self._finished: dict[str, int] = {}
        """The last epoch of each source that has ended."""
        self._assemblies = {
            source: Assembly(source, memory.epoch, self._smoothing, memory, self._rule)
            for source, memory in memories.read(self._folder).items()
        }
        self.detail = f"EMA {self._smoothing:g}"

    @override
    def topics(self) -> Sequence[str]:
        return ("faces/", "emotions/", "gone/", "status/")

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterator[Envelope]:
        """Join parts, store what each result depends on before publishing it, then note which sources have ended."""
        results: list[Smoothed] = []
        for _, _, message in heard:
            if isinstance(message, Status):
                self._epochs.hear(message, now)
        for _, _, message in heard:
            if isinstance(message, m.Faces | m.Emotions | m.Gone):
                self.meter.count("in", isinstance(message, m.Faces))
                results += self._assemble(message, now)
        for result in {result.source: result for result in results if not result.repeat}.values():
            self._remember(result)
        for result in results:
            self.meter.count("repeated" if result.repeat else "out")
            self.meter.count("incomplete", not result.complete and not result.repeat)
            self.meter.took(sum(result.stages_ms.values()))
            yield Envelope("smoothed", result.source, result)
        for _, _, message in heard:
            if isinstance(message, Status):
                self._note(message, now)

    @override
    def tick(self, now: float) -> Iterable[Envelope]:
        rivals = self._rivals.present(now)
        rival = f"{rivals[0]} too; results will conflict, stop one of them" if rivals else None
        self.error = rival or self._unwritten
        return ()

    @override
    def close(self) -> None:
        self._lock.release()

    def _assemble(self, part: Part, now: float) -> list[Smoothed]:
        assembly = self._assemblies.get(part.source)
        if assembly is None or part.epoch != assembly.epoch:
            assembly = self._follow(part, assembly, now)
        return assembly.hear(part, now) if assembly else []

    def _follow(self, part: Part, current: Assembly | None, now: float) -> Assembly | None:
        """The assembly for a part of another epoch than the current one; None if the part is stale."""
        if current is None:
            over = self._finished.get(part.source, -1)
            said = partial(self._epochs.is_said, part.source, now=now)
            follows = part.epoch > over or (part.epoch < over and said(part.epoch) and not said(over))
        else:
            quiet = now - current.heard_at > STATUS_FRESH_S
            follows = self._epochs.follows(part.source, part.epoch, current.epoch, now, quiet=quiet)
        if not follows:
            self.meter.count("stale")
            if self._seldom(part.source, now):
                ours = current.epoch if current else self._finished[part.source]
                log.info("parts of another epoch ignored", source=part.source, epoch=part.epoch, ours=ours)
            return None
        if current and part.epoch < current.epoch:
            log.warning("going back to the capture's epoch", source=part.source, epoch=part.epoch)
        self._assemblies.pop(part.source, None)
        assembly = Assembly(part.source, part.epoch, self._smoothing, rule=self._rule)
        self._assemblies[part.source] = assembly
        assembly.heard_at = now
        while len(self._assemblies) > MOST_SOURCES:
            longest = min(self._assemblies.values(), key=lambda one: one.heard_at)
            del self._assemblies[longest.source]
            self._forget(longest.source)
        return assembly

    def _remember(self, result: Smoothed) -> None:
        """Store what a source's next results depend on.

        Raises ConfigurationError if that fails in a replay whose recorder needs every row.
        """
        if result.source not in self._assemblies:
            return
        try:
            memories.write(self._folder, self._assemblies[result.source].memory())
        except OSError as error:
            self._forget(result.source)  # a restart must not continue from an outdated state
            fault = f"its state cannot be written to {str(self._folder)!r} ({error.strerror})"
            if self._needs_disk and not result.live:
                raise ConfigurationError(f"{fault}: after a crash this replay could not continue") from None
            if self._unwritten is None:
                log.warning("continuing without a state on disk", error=fault)
            self._unwritten = f"{fault}: after a crash, faces get new ids"
        else:
            self._unwritten = None

    def _forget(self, source: str) -> None:
        with contextlib.suppress(OSError):
            memories.forget(self._folder, source)

    def _note(self, status: Status, now: float) -> None:
        is_rival = (status.stage, status.state) == ("smoother", "ready") and status.process != self._me.process
        if is_rival and self._rivals.note(status.process, "smoothing", now):
            log.error("two smoothers on one bus", other=status.process)
        for source in status.sources:
            assembly = self._assemblies.get(source.source)
            if source.state in ("ended", "holding", "refused") and assembly and assembly.epoch == source.epoch:
                del self._assemblies[source.source]
                self._finished[source.source] = source.epoch
                self._forget(source.source)
            elif source.state == "running" and self._finished.get(source.source) == source.epoch:
                del self._finished[source.source]  # the report of its end was false
            if len(self._finished) > MOST_SOURCES:
                del self._finished[next(iter(self._finished))]
