"""Each stage at a glance: how many processes are ready, what goes in and out, what waits. Pure; time in seconds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from dashboard.processes import ProcessView
from dashboard.rates import Rate
from shared.stages import NEEDED
from shared.status import Status

_LOSSES = ("skipped", "stale", "given_up_deadline", "given_up_failed")
"""Counters of frames that a stage did not work on: skipped at the source, dropped by a worker, given up."""
_LONG_S = 3.0


class StageView(msgspec.Struct, frozen=True, kw_only=True):
    """A stage: `ready` of its `total` processes, messages per second, and how many wait in it (nil: it cannot tell).

    The latencies are those of its slowest process, `memory_mb` is the sum.
    """

    stage: str
    ready: int
    total: int
    level: Literal["ok", "notice", "warning", "error"]
    words: str
    in_per_s: float
    out_per_s: float
    skipped_per_s: float
    waiting: int | None
    p50_ms: float | None
    p95_ms: float | None
    memory_mb: float


class Flows:
    """The rates of each process's counters."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, Rate]] = {}

    def hear(self, status: Status, now: float) -> None:
        """Take a process's counters in. A restarted process has another name, and so begins anew."""
        rates = self._known.setdefault(status.process, {name: Rate() for name in ("in", "out", "skipped")})
        counters = status.counters
        rates["in"].reach(now, counters.get("in", 0))
        rates["out"].reach(now, counters.get("out", 0))
        rates["skipped"].reach(now, sum(counters.get(name, 0) for name in _LOSSES))

    def forget(self, listed: Iterable[str]) -> None:
        """Keep only these processes."""
        for process in self._known.keys() - set(listed):
            del self._known[process]

    def per_s(self, process: str, name: str, now: float) -> float:
        """A process's rate of `in`, `out` or `skipped`; 0 if it is unknown."""
        rates = self._known.get(process)
        return rates[name].per_s(now) if rates else 0.0


def views(processes: Sequence[ProcessView], missing: Mapping[str, str], flows: Flows, now: float) -> list[StageView]:
    """The needed stages along the pipeline, the bus last; `missing` maps one without a ready process to the reason."""
    order = sorted(NEEDED, key=lambda stage: stage == "bus")
    return [_view(stage, [one for one in processes if one.stage == stage], missing, flows, now) for stage in order]


def _view(
    stage: str, processes: Sequence[ProcessView], missing: Mapping[str, str], flows: Flows, now: float
) -> StageView:
    heard = [one for one in processes if not one.silent]
    ready = sum(one.state == "ready" for one in heard)
    level, words = _said(stage, processes, missing)
    latencies = [one.latency_ms for one in heard if one.latency_ms]

    def rate(name: str) -> float:
        return round(sum(flows.per_s(one.process, name, now) for one in heard), 1)

    return StageView(
        stage=stage,
        ready=ready,
        total=len(processes),
        level=level,
        words=words,
        in_per_s=rate("in"),
        out_per_s=rate("out"),
        skipped_per_s=rate("skipped"),
        waiting=_waiting(stage, heard),
        p50_ms=max((one.p50 for one in latencies), default=None),
        p95_ms=max((one.p95 for one in latencies), default=None),
        memory_mb=round(sum(one.memory_mb for one in heard), 1),
    )


def _said(
    stage: str, processes: Sequence[ProcessView], missing: Mapping[str, str]
) -> tuple[Literal["ok", "notice", "warning", "error"], str]:
    if stage in missing:
        errors = [one.error for one in processes if one.error]
        return "error", ": ".join([missing[stage], *errors[:1]])
    down = [one for one in processes if one.silent or one.state != "ready"]
    if down:
        return "warning", ", ".join(f"{one.name} is {'silent' if one.silent else one.state}" for one in down)
    if errors := [one.error for one in processes if one.error]:
        return "warning", errors[0]
    if busy := [one for one in processes if one.busy_s > _LONG_S]:
        return "notice", ", ".join(f"{one.name} is busy for {one.busy_s:.0f} s" for one in busy)
    return "ok", ""


def _waiting(stage: str, processes: Sequence[ProcessView]) -> int | None:
    """Frames or messages waiting; a capture's are those in flight, a busy worker's are unknown."""
    if stage == "capture":
        return sum(source.unfinished for one in processes for source in one.sources)
    known = [one.unfinished for one in processes if one.unfinished is not None]
    return sum(sum(by_source.values()) for by_source in known) if known else None
