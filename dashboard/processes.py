"""The known processes, from their statuses and when these were heard. No sockets, no clock."""

from dataclasses import dataclass

import msgspec

from shared.stages import NEEDED
from shared.status import SourceStatus, Status

SILENT_S = 3.0
"""A process counts as silent after this long without a status."""
FORGET_S = 15.0
"""After this long it is no longer listed, unless it failed or is the last of a needed stage."""
MOST_PROCESSES = 256


class ProcessView(Status, frozen=True, kw_only=True):
    """A process's last status and how long ago it was heard, in seconds."""

    heard_s_ago: float
    silent: bool


@dataclass(frozen=True)
class Process:
    """A process's last status, and when it was heard."""

    status: Status
    heard_at: float

    def is_silent(self, now: float) -> bool:
        """Whether its next status is overdue."""
        return now - self.heard_at > SILENT_S

    def view(self, now: float) -> ProcessView:
        """The process as shown to viewers."""
        age = max(0.0, now - self.heard_at)
        return ProcessView(**msgspec.structs.asdict(self.status), heard_s_ago=round(age, 1), silent=self.is_silent(now))


class Processes:
    """Knows the newest status of each process, and a bounded number of them."""

    def __init__(self) -> None:
        self._known: dict[str, Process] = {}

    def hear(self, status: Status, now: float) -> None:
        """Take a status in; `forget` bounds how many there are."""
        self._known.pop(status.process, None)  # the order is that of hearing
        self._known[status.process] = Process(status, now)

    def forget(self, now: float) -> None:
        """Drop those that are gone."""
        newest = {_place(known.status): known for known in self._by_start()}
        for key, known in list(self._known.items()):
            replaced = known.is_silent(now) and newest[_place(known.status)] is not known
            gone = now - known.heard_at > FORGET_S and known.status.state != "failed" and not self._is_last(known)
            if replaced or gone:
                del self._known[key]
        while len(self._known) > MOST_PROCESSES:
            del self._known[next(iter(self._known))]

    def missing(self, now: float) -> dict[str, str]:
        """The needed stages without a ready process, each with the reason."""
        seen: dict[str, str] = {}
        for known in self._by_start():
            stage, state = known.status.stage, known.status.state
            if seen.get(stage) != "ready":
                seen[stage] = "silent" if known.is_silent(now) and state != "failed" else state
        return {stage: seen.get(stage, "not seen") for stage in NEEDED if seen.get(stage) != "ready"}

    def reports(self) -> dict[str, tuple[Process, SourceStatus]]:
        """The last report on each source, and the process that sent it; in the order that the captures list them in."""
        last = {source.source: (known, source) for known in self._known.values() for source in known.status.sources}
        by_place = sorted(self._known.values(), key=_order)
        names = [source.source for known in by_place for source in known.status.sources]
        return {name: last[name] for name in names}

    def names(self) -> list[str]:
        """All of them."""
        return list(self._known)

    def views(self, now: float) -> list[ProcessView]:
        """All of them, along the pipeline."""
        return [known.view(now) for known in sorted(self._known.values(), key=_order)]

    def _is_last(self, known: Process) -> bool:
        """Whether it is the most recently heard process of a needed stage: listed until another appears."""
        stage = known.status.stage
        others = [one for one in self._known.values() if one.status.stage == stage]
        return stage in NEEDED and known is max(others, key=lambda one: one.heard_at)

    def _by_start(self) -> list[Process]:
        return sorted(self._known.values(), key=lambda known: known.status.started_ns)


def _place(status: Status) -> tuple[str, str, str]:
    """What a restarted process shares with its predecessor."""
    return status.host, status.stage, status.name


def _order(known: Process) -> tuple[int, str, str]:
    stage = known.status.stage
    return NEEDED.index(stage) if stage in NEEDED else len(NEEDED), known.status.name, known.status.process
