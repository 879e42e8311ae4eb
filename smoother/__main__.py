"""Wires the smoother to the bus: `python -m smoother`."""

from collections.abc import Iterable, Iterator, Sequence

import structlog
from typing_extensions import override

from shared import locks
from shared import messages as m
from shared.loop import run
from shared.rivals import Rivals
from shared.stage import Place, Stage
from shared.topics import Envelope
from smoother import memories
from smoother.assembly import Assembly

log = structlog.get_logger()


class Smoother(Stage):
    """Owns order, identity and smoothing of all sources."""

    def __init__(self, place: Place):
        super().__init__()
        self._me = place.identity
        self._folder = place.state_dir
        self._smoothing = place.settings.smoothing
        self._lock = locks.take(place.settings.runtime_dir, "smoother", "the smoother's place")
        self._warned: dict[str, int] = {}
        """The last older epoch of each source of which late parts were logged: one line, and a counter."""
        self._rivals = Rivals()
        self._finished: dict[str, int] = {}
        """The last epoch of each source of which nothing more is to come."""
        self._assemblies = {
            source: Assembly(source, memory.epoch, self._smoothing, memory)
            for source, memory in memories.read(self._folder).items()
        }
        self.detail = f"EMA {self._smoothing:g}"

    @override
    def hears(self) -> Sequence[str]:
        return ("faces/", "emotions/", "gone/", "status/")

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterator[Envelope]:
        """Put parts together; write down what a result depends on, then say it; then take in what has ended."""
        results: list[m.Smoothed] = []
        for _, _, message in heard:
            if isinstance(message, m.Faces | m.Emotions | m.Gone):
                self.meter.count("in", isinstance(message, m.Faces))
                results += self._assemble(message)
        for source in {result.source for result in results if not result.repeat}:
            memories.write(self._folder, self._assemblies[source].memory())  # before anybody hears of it
        for result in results:
            self.meter.count("repeated" if result.repeat else "out")
            self.meter.count("incomplete", not result.complete and not result.repeat)
            self.meter.took(sum(result.stages_ms.values()))
            yield Envelope("smoothed", result.source, result)
        for _, _, message in heard:
            if isinstance(message, m.Status):
                self._note(message, now)

    @override
    def tick(self, now: float) -> Iterable[Envelope]:
        rivals = self._rivals.present(now)
        self.error = f"{rivals[0]} too; results will conflict, stop one of them" if rivals else None
        return ()

    @override
    def close(self) -> None:
        self._lock.release()

    def _assemble(self, part: m.Faces | m.Emotions | m.Gone) -> list[m.Smoothed]:
        assembly = self._assemblies.get(part.source)
        if part.epoch <= self._finished.get(part.source, -1) or (assembly and part.epoch < assembly.epoch):
            self.meter.count("stale")
            if self._warned.get(part.source) != part.epoch:
                self._warned[part.source] = part.epoch
                log.info("late parts of an older epoch left out", source=part.source, epoch=part.epoch)
            return []
        if assembly is None or part.epoch > assembly.epoch:
            assembly = self._assemblies[part.source] = Assembly(part.source, part.epoch, self._smoothing)
        return assembly.hear(part)

    def _note(self, status: m.Status, now: float) -> None:
        is_rival = (status.stage, status.state) == ("smoother", "ready") and status.process != self._me.process
        if is_rival and self._rivals.heard(status.process, "smoothing", now):
            log.error("two smoothers on one bus", other=status.process)
        for source in status.sources:
            assembly = self._assemblies.get(source.source)
            if source.state in ("ended", "holding") and assembly and assembly.epoch == source.epoch:
                del self._assemblies[source.source]
                self._finished[source.source] = source.epoch
                memories.forget(self._folder, source.source)


if __name__ == "__main__":
    run("smoother", Smoother)
