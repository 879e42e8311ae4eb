"""dashboard/stages.py and rates.py: a stage at a glance."""

from dashboard.rates import Rate
from dashboard.state import State
from shared.stages import NEEDED
from shared.status import Latency
from tests.dashboard.made import source_status, status


def seen(*heard, now):
    """The stages by name, after statuses that were heard at their times."""
    state = State()
    for at, message in heard:
        state.hear(message, at)
    return {view.stage: view for view in state.snapshot(now).stages}


def test_stages_come_along_the_pipeline_with_the_bus_last():
    """Also those of which nothing was heard."""
    stages = seen(now=0.0)
    assert list(stages) == [*NEEDED[1:], "bus"]
    assert (stages["detector"].level, stages["detector"].words) == ("error", "not seen")


def test_rates_are_the_counters_differences():
    """Summed over a stage's processes, over the last seconds."""
    heard = [
        (second, status(pid=pid, counters={"in": 20 * second, "out": 15 * second, "stale": 5 * second}))
        for second in range(8)
        for pid in (1, 2)
    ]
    detector = seen(*heard, now=7.0)["detector"]
    assert (detector.in_per_s, detector.out_per_s, detector.skipped_per_s) == (40.0, 30.0, 10.0)


def test_a_restarted_process_does_not_make_rates_negative():
    """It has another name; the old one no longer counts once it is silent."""
    heard = [(second, status(pid=1, counters={"in": 1000 + 20 * second})) for second in range(4)]
    heard += [(second, status(pid=2, counters={"in": 10 * (second - 4)})) for second in range(4, 9)]
    assert seen(*heard, now=8.0)["detector"].in_per_s == 10.0


def test_how_many_are_ready_and_who_is_not():
    """One of two is a warning that names the other; a new worker counts as soon as it is heard."""
    heard = [(0.0, status(pid=1)), (0.0, status(pid=2, state="starting"))]
    detector = seen(*heard, now=0.5)["detector"]
    assert (detector.ready, detector.total, detector.level) == (1, 2, "warning")
    assert detector.words == "detector.2 is starting"
    detector = seen(*heard, (1.0, status(pid=2)), now=1.0)["detector"]
    assert (detector.ready, detector.total, detector.level, detector.words) == (2, 2, "ok", "")


def test_a_stage_without_a_ready_process_says_why():
    """And is an error, as there are no results without it."""
    failed = status(state="failed", error="crashed too often")
    detector = seen((0.0, failed), now=1.0)["detector"]
    assert (detector.level, detector.words) == ("error", "failed: crashed too often")
    assert seen((0.0, status()), now=4.0)["detector"].words == "silent"


def test_what_waits_and_how_long_it_takes():
    """A capture's frames in flight, a worker's backlog; nil where it is unknown; the slowest process's latency."""
    heard = [
        (0.0, status("capture", sources=[source_status(unfinished=2), source_status("cam1", unfinished=1)])),
        (0.0, status(pid=1, unfinished={"cam0": 2}, latency_ms=Latency(p50=5.0, p95=9.0), memory_mb=100.0)),
        (0.0, status(pid=2, unfinished={"cam1": 1}, latency_ms=Latency(p50=7.0, p95=8.0), memory_mb=50.0)),
        (0.0, status("classifier", busy_s=4.0)),
    ]
    stages = seen(*heard, now=1.0)
    assert [stages[name].waiting for name in ("capture", "detector", "classifier")] == [3, 3, None]
    assert (stages["detector"].p50_ms, stages["detector"].p95_ms, stages["detector"].memory_mb) == (7.0, 9.0, 150.0)
    assert (stages["classifier"].level, stages["classifier"].words) == ("notice", "classifier.1 is busy for 4 s")


def test_a_rate_is_right_from_the_first_second_on():
    """It divides by the time for which events were counted, not by a second."""
    rate = Rate()
    for number in range(16):
        rate.add(number / 25)
    assert rate.per_s(0.1) == 0.0
    assert rate.per_s(15 / 25) == 25.0


def test_a_counter_that_went_back_begins_anew():
    """And is not a negative rate."""
    rate = Rate()
    for second, total in enumerate((100, 200, 0, 10, 20)):
        rate.reach(float(second), total)
    assert rate.per_s(4.0) == 10.0


def test_a_counters_rate_does_not_sink_between_two_readings():
    """Nothing is known of what happened since the last; a counter that is read no more has no rate."""
    rate = Rate()
    for second in range(5):
        rate.reach(float(second), 30 * second)
    assert [rate.per_s(now) for now in (4.0, 4.5, 4.9)] == [30.0] * 3
    assert rate.per_s(20.0) == 0.0
