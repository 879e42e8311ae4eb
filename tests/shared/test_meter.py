"""Counters, latencies, rates."""

import pytest

from shared.log import Once
from shared.meter import Meter, is_news


def test_rates_are_since_the_last_summary():
    """A summary says what has happened since the one before, per second."""
    meter = Meter()
    assert meter.summarize(100.0) == {}
    meter.count("in", 50)
    meter.count("out", 30)
    meter.count("skipped", 20)
    assert meter.summarize(110.0) == {"fps_in": 5.0, "fps_out": 3.0, "skipped": 20}
    assert meter.summarize(120.0) == {"fps_in": 0.0, "fps_out": 0.0, "skipped": 0}
    assert meter.counters["in"] == 50


def test_latencies_are_of_the_last_few_hundred():
    """Percentiles follow what happens now, and take no more memory with time."""
    meter = Meter(keep=100)
    assert meter.latency() is None
    for _ in range(1000):
        meter.took(500.0)
    for value in range(100):
        meter.took(float(value))
    latency = meter.latency()
    assert latency is not None
    assert (latency.p50, latency.p95) == pytest.approx((49.5, 94.05))


def test_each_kind_of_event_once():
    """A flood of bad input is one line in the log."""
    once = Once()
    assert [once("a"), once("a"), once("b"), once("a")] == [True, False, True, False]


@pytest.mark.parametrize(
    ("changed", "news"),
    [
        ({}, False),
        ({"fps_in": 28.0, "fps_out": 27.0, "p50_ms": 11.0, "p95_ms": 90.0}, False),
        ({"fps_in": 20.0}, True),
        ({"fps_out": 0.0}, True),
        ({"skipped": 10}, False),
        ({"skipped": 30}, True),
        ({"p50_ms": 25.0}, True),
    ],
)
def test_only_what_is_new_is_logged(changed, news):
    """Rates by a fifth, skipping, and latency by half and 10 ms; noise is no news."""
    logged = {"fps_in": 30.0, "fps_out": 30.0, "skipped": 0, "p50_ms": 10.0, "p95_ms": 20.0}
    assert is_news(logged | changed, logged) == news
    assert is_news(logged, logged | changed) == news


def test_the_first_summary_is_news():
    """There is nothing to compare it with."""
    assert is_news({"fps_in": 0.0, "fps_out": 0.0, "skipped": 0}, {})
