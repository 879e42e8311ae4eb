"""dashboard/metrics.py: text that Prometheus can read, with the figures that were heard."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from dashboard.metrics import metrics_text
from dashboard.state import State
from shared.status import Latency
from tests.dashboard.made import face, result, source_status, status


def scraped(*messages, now=0.0):
    state = State()
    for message in messages:
        state.hear(message, 0.0)
    families = text_string_to_metric_families(metrics_text(state.snapshot(now), viewers=2, connections=3).decode())
    return {(sample.name, *sorted(sample.labels.values())): sample.value for f in families for sample in f.samples}


def test_every_name_begins_with_affect():
    """So that they are found together."""
    names = {key[0] for key in scraped(status("capture", sources=[source_status()]), result(1))}
    assert names
    assert all(name.startswith("affect_") for name in names)


def test_a_process():
    """Up, memory in bytes, latency in seconds, and each of its counters."""
    labels = ("detector", "detector-host-1", "detector.1", "host")
    values = scraped(status(counters={"in": 7, "faults": 2}, latency_ms=Latency(p50=20, p95=50), memory_mb=600))
    assert values["affect_process_up", *labels] == 1
    assert values["affect_process_memory_bytes", *labels] == 600e6
    assert values["affect_process_start_time_seconds", *labels] == 1
    assert values["affect_latency_seconds", "0.5", *labels] == 0.02
    assert values["affect_latency_seconds", "0.95", *labels] == 0.05
    assert values["affect_events_total", *sorted((*labels, "in"))] == 7
    assert values["affect_events_total", *sorted((*labels, "faults"))] == 2
    assert (values["affect_dashboard_viewers",], values["affect_dashboard_connections",]) == (2, 3)


def test_a_silent_and_a_failed_process_are_down():
    """A failed one says so itself, a silent one does not."""
    labels = ("detector", "detector-host-1", "detector.1", "host")
    assert scraped(status(), now=4)["affect_process_up", *labels] == 0
    assert scraped(status(state="failed"))["affect_process_up", *labels] == 0
    assert scraped(status(state="failed"))["affect_stage_ready", "detector"] == 0
    assert scraped(status())["affect_stage_ready", "detector"] == 1


def test_a_source():
    """Frames, window, what is unfinished, results and faces."""
    load: dict[str, Any] = {"scan_s": 1.0, "max_side": 960, "classify_every": 6}
    load |= {"results_fps": 4.5, "age_ms": 900.0, "given_up": 2, "stale": 1, "overloaded": True, "effort": 3}
    capture = status("capture", sources=[source_status(**load)])
    values = scraped(capture, result(1), result(2, faces=(face(), face(2))))
    got = {key[0].removeprefix("affect_source_"): value for key, value in values.items() if key[1:] == ("cam0",)}
    assert got == {
        "running": 1,
        "frames_per_second": 30,
        "results_per_second": 0,
        "results_total": 2,
        "frame": 7,
        "window": 2,
        "unfinished": 1,
        "faces": 2,
        "unanswered_seconds": 0,
        "given_up_total": 2,
        "stale_total": 1,
        "analysed_per_second": 4.5,
        "age_seconds": 0.9,
        "overloaded": 1,
        "reduced_steps": 3,
        "scan_seconds": 1,
        "search_side_pixels": 960,
        "classify_every": 6,
    }


def test_a_silent_source_is_not_running():
    """Its last figures are not repeated as if they were true now."""
    values = scraped(status("capture", sources=[source_status()]), now=4)
    assert values["affect_source_running", "cam0"] == 0
    assert ("affect_source_window", "cam0") not in values


def test_any_label_can_be_written():
    """Names come from the bus; quotes and line breaks in them are escaped."""
    name = 'a"b\\c\nd'
    values = scraped(status(name=name, counters={name: 1}))
    assert values["affect_process_up", *sorted(("detector", "detector-host-1", name, "host"))] == 1


def test_what_is_wrong_is_counted():
    """The state each source is in, what is overdue, the flow through each stage, and whether results arrive."""
    values = scraped(status("capture", sources=[source_status(), source_status("cam1", "reconnecting")]), now=2.0)
    assert values["affect_source_state", "cam0", "running"] == 1
    assert values["affect_source_state", "cam0", "reconnecting"] == 0
    assert values["affect_source_state", "cam1", "reconnecting"] == 1
    assert values["affect_source_overdue_seconds", "cam0", "results"] == 2
    assert values["affect_stage_messages_per_second", "detector", "in"] == 0
    assert values["affect_healthy",] == 0
