"""What is made of the results of a live source."""

from types import SimpleNamespace

import pytest

from benchmarks.live import Watched


def result(seq, prev, latency_s, *, complete=True):
    """A result heard `latency_s` after the capture of its frame at second `seq`."""
    row = SimpleNamespace(seq=seq, prev=prev, captured_ns=seq * 10**9, complete=complete, stages_ms={"detect": 2.0})
    return row, seq + latency_s


def test_what_is_missing_counts_as_skipped():
    """A frame that a newer one replaced, and one whose emotions did not come in time."""
    watched = Watched()
    for row, at in (result(1, None, 0.01), result(4, 1, 0.01), result(5, 4, 0.5, complete=False)):
        watched.note(row, at)
    assert (watched.skipped, watched.frames) == (3, 5)
    assert watched.latencies == pytest.approx([0.01, 0.01])
    assert watched.stages_ms == {"detect": [2.0, 2.0]}


def test_a_growing_lag_shows_as_drift():
    """The last third against the first, in milliseconds."""
    watched = Watched()
    for seq in range(9):
        watched.note(*result(seq, None, 0.01 * (seq + 1)))
    assert watched.drift_ms == pytest.approx(60)
