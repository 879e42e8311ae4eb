"""Wires the smoother to the bus: `python -m smoother`."""

from collections.abc import Iterator, Sequence

import structlog
from typing_extensions import override

from shared import locks
from shared import messages as m
from shared.log import Once
from shared.stage import Place, Stage, run
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
        self._once = Once()
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
        results: list[m.Smoothed] = []
        for _, _, message in heard:
            if isinstance(message, m.Faces | m.Emotions | m.Gone):
                self.meter.count("in", isinstance(message, m.Faces))
                results += self._assemble(message)
            elif isinstance(message, m.Status):
                self._note(message)
        for source in {result.source for result in results if not result.repeat}:
            memories.write(self._folder, self._assemblies[source].memory())  # before anybody hears of it
        for result in results:
            self.meter.count("repeated" if result.repeat else "out")
            self.meter.count("incomplete", not result.complete and not result.repeat)
            self.meter.took(sum(result.stages_ms.values()))
            yield Envelope("smoothed", result.source, result)

    @override
    def close(self) -> None:
        self._lock.release()

    def _assemble(self, part: m.Faces | m.Emotions | m.Gone) -> list[m.Smoothed]:
        assembly = self._assemblies.get(part.source)
        if assembly is None or part.epoch > assembly.epoch:
            assembly = self._assemblies[part.source] = Assembly(part.source, part.epoch, self._smoothing)
        elif part.epoch < assembly.epoch:
            self.meter.count("stale")
            return []
        return assembly.hear(part)

    def _note(self, status: m.Status) -> None:
        if status.stage == "smoother" and status.process != self._me.process and self._once(status.process):
            self.error = f"another smoother is on the bus: {status.process}; results will conflict, stop one"
            log.error("two smoothers on one bus", other=status.process)
        for source in status.sources:
            assembly = self._assemblies.get(source.source)
            if source.state in ("ended", "holding") and assembly and assembly.epoch == source.epoch:
                del self._assemblies[source.source]
                memories.forget(self._folder, source.source)


if __name__ == "__main__":
    run("smoother", Smoother)
