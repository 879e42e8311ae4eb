"""The `/metrics` page: a snapshot in Prometheus' text format, with its base units, seconds and bytes."""

from collections.abc import Callable, Iterator, Sequence
from typing import get_args, get_type_hints

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from dashboard.processes import ProcessView
from dashboard.source import SourceView
from dashboard.stages import StageView
from dashboard.state import Snapshot
from shared.stages import NEEDED
from shared.status import SourceStatus

_Reported = dict[str, tuple[str, Callable[[SourceStatus], float]]]
_GAUGES: _Reported = {
    "frames_per_second": ("Frames read, up to the newest one sent.", lambda status: status.fps),
    "frame": ("Number of the newest frame sent in this epoch.", lambda status: status.seq),
    "window": ("Limit of frames in flight.", lambda status: status.window),
    "unfinished": ("Frames in flight.", lambda status: status.unfinished),
    "analysed_per_second": ("Complete results, as counted by its capture.", lambda status: status.results_fps),
    "age_seconds": ("From capture to result, median.", lambda status: (status.age_ms or 0.0) / 1000),
    "overloaded": ("1 while many frames cannot be analysed.", lambda status: status.overloaded),
    "reduced_steps": ("Steps by which work is currently reduced.", lambda status: status.effort),
    "scan_seconds": ("Current interval between full-frame searches.", lambda status: status.scan_s),
    "search_side_pixels": ("Current longest side of full-frame searches.", lambda status: status.max_side),
    "classify_every": (
        "Currently one frame in this many is classified, more below 30 per second.",
        lambda status: status.classify_every,
    ),
}
_COUNTERS: _Reported = {
    "given_up": ("Frames given up.", lambda status: status.given_up),
    "stale": ("Frames dropped by workers: given up, or too late.", lambda status: status.stale),
}

_PROCESS = ("process", "name", "stage", "host")


_STATES = (*get_args(get_type_hints(SourceStatus)["state"]), "silent")


def metrics_text(snapshot: Snapshot, viewers: int, connections: int) -> bytes:
    """The snapshot as text, UTF-8; every name begins with `affect_`."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(snapshot, viewers, connections))
    return generate_latest(registry)


class _Snapshot(Collector):
    def __init__(self, snapshot: Snapshot, viewers: int, connections: int):
        self._snapshot = snapshot
        self._viewers = viewers
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        """What the endpoint shows."""
        yield from _processes(self._snapshot.processes)
        yield from _sources(self._snapshot.sources, self._snapshot.results)
        yield from _conditions(self._snapshot.sources)
        yield from _stages(self._snapshot.stages)
        ready = GaugeMetricFamily("affect_stage_ready", "1 when a process of this stage is ready.", labels=["stage"])
        for stage in NEEDED:
            ready.add_metric([stage], stage not in self._snapshot.missing)
        yield ready
        healthy = self._snapshot.health().status != "unavailable"
        yield GaugeMetricFamily("affect_healthy", "1 while results arrive, as /healthz says.", healthy)
        yield GaugeMetricFamily("affect_dashboard_viewers", "Pages and programs watching.", self._viewers)
        yield GaugeMetricFamily("affect_dashboard_connections", "Open connections.", self._connections)


def _conditions(sources: Sequence[SourceView]) -> Iterator[Metric]:
    """The state of each source, and what is overdue."""
    states = GaugeMetricFamily("affect_source_state", "1 for the state it is in.", labels=["source", "state"])
    overdue = GaugeMetricFamily(
        "affect_source_overdue_seconds",
        "How long complete results, emotions of faces, or frames have been due.",
        labels=["source", "what"],
    )
    for view in sources:
        for state in _STATES:
            states.add_metric([view.source, state], view.state == state)
        for what, seconds in view.overdue_s.items():
            overdue.add_metric([view.source, what], seconds)
    yield from (states, overdue)


def _stages(stages: Sequence[StageView]) -> Iterator[Metric]:
    rates = GaugeMetricFamily(
        "affect_stage_messages_per_second",
        "Messages in and out of a stage's processes, and frames it did not work on.",
        labels=["stage", "flow"],
    )
    for view in stages:
        for flow, rate in (("in", view.in_per_s), ("out", view.out_per_s), ("skipped", view.skipped_per_s)):
            rates.add_metric([view.stage, flow], rate)
    yield rates


def _processes(processes: Sequence[ProcessView]) -> Iterator[Metric]:
    up = GaugeMetricFamily("affect_process_up", "1 ready, 0 silent or in any other state.", labels=_PROCESS)
    started = GaugeMetricFamily("affect_process_start_time_seconds", "When it started.", labels=_PROCESS)
    memory = GaugeMetricFamily("affect_process_memory_bytes", "Resident memory.", labels=_PROCESS)
    events = CounterMetricFamily("affect_events", "What a process has counted.", labels=[*_PROCESS, "event"])
    latency = GaugeMetricFamily(
        "affect_latency_seconds",
        "Of recent work; for a capture, from camera to acknowledged result.",
        labels=[*_PROCESS, "quantile"],
    )
    for process in processes:
        labels = [process.process, process.name, process.stage, process.host]
        up.add_metric(labels, process.state == "ready" and not process.silent)
        started.add_metric(labels, process.started_ns / 1e9)
        memory.add_metric(labels, process.memory_mb * 1e6)
        for event, count in process.counters.items():
            events.add_metric([*labels, event], count)
        if process.latency_ms:
            latency.add_metric([*labels, "0.5"], process.latency_ms.p50 / 1000)
            latency.add_metric([*labels, "0.95"], process.latency_ms.p95 / 1000)
    yield from (up, started, memory, events, latency)


def _sources(sources: Sequence[SourceView], totals: dict[str, int]) -> Iterator[Metric]:
    def gauge(name: str, meaning: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"affect_source_{name}", meaning, labels=["source"])

    def counter(name: str, meaning: str) -> CounterMetricFamily:
        return CounterMetricFamily(f"affect_source_{name}", meaning, labels=["source"])

    running = gauge("running", "1 while its capture reports it running.")
    rate = gauge("results_per_second", "Results.")
    faces = gauge("faces", "Faces in the newest result.")
    unanswered = gauge("unanswered_seconds", "How long frames have arrived without a complete result.")
    results = counter("results", "Results heard by the dashboard.")
    reported = {name: gauge(name, meaning) for name, (meaning, _) in _GAUGES.items()}
    counted = {name: counter(name, meaning) for name, (meaning, _) in _COUNTERS.items()}
    for view in sources:
        labels = [view.source]
        status = None if view.state == "silent" else view.status
        running.add_metric(labels, status is not None and status.state == "running")
        rate.add_metric(labels, view.results_per_s)
        results.add_metric(labels, totals.get(view.source, 0))
        if view.result:
            faces.add_metric(labels, len(view.result.faces))
        if status:
            unanswered.add_metric(labels, view.overdue_s.get("results", 0.0))
            for name, (_, value) in _GAUGES.items():
                reported[name].add_metric(labels, value(status))
            for name, (_, value) in _COUNTERS.items():
                counted[name].add_metric(labels, value(status))
    yield from (running, rate, faces, unanswered, results, *reported.values(), *counted.values())
