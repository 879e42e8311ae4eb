"""A stage with a backlog in memory: what is put aside, what is dropped, and what a fault leaves in the log."""

import pytest

from shared import messages as m
from shared.identity import Identity
from shared.settings import Settings
from shared.stage import Place
from shared.topics import Envelope
from shared.worker import Worker


@pytest.fixture
def worker(tmp_path):
    place = Place(Settings(_env_file=None), Identity("classifier", "h", 1, "classifier", 0), tmp_path)
    return Worker(place, m.Crops, lambda _: 1)


def crops(seq, deadline_ms=None):
    header = {"source": "s", "epoch": 1, "seq": seq, "prev": None, "acked": None, "pts": 0.0, "captured_ns": 0}
    return m.Crops(**header, live=True, end=False, crops=[], deadline_ms=deadline_ms)


def gone(seq):
    return m.Gone(**crops(seq).header(), reason="deadline")


def handle(worker, *messages, now=0.0):
    said = [one.message for one in worker.handle([Envelope("x", "s", message) for message in messages], now)]
    return [(one.seq, one.reason, one.worker) for one in said]


def test_what_need_not_be_done_is_dropped_and_said(worker):
    """Given up or too late, and however much a capture sends and gives up during one piece of work."""
    assert handle(worker, *(crops(seq) for seq in range(9)), crops(9, 500.0)) == []
    dropped = handle(worker, *(gone(seq) for seq in range(8)), now=0.6)
    us = "classifier-h-1-000000"
    assert dropped == [*((seq, "given up", us) for seq in range(8)), (9, "late", us)]
    assert worker.has_work()
    assert worker.unfinished() == {"s": 1}
    assert worker.meter.counters == {"in": 10, "stale": 9}


def test_the_backlog_is_bounded_whoever_sends(worker):
    """A sender that knows no measure loses its oldest messages, not our memory."""
    assert {reason for _, reason, _ in handle(worker, *(crops(seq) for seq in range(100)))} == {"full"}
    assert worker.unfinished() == {"s": 64}


def test_a_fault_names_the_messages(worker, capsys):
    """The process ends, and its captures try them elsewhere, one by one."""
    with pytest.raises(ZeroDivisionError), worker.naming_faults(crops(3), crops(4)):
        raise ZeroDivisionError
    assert capsys.readouterr().out.count("crops failed") == 2
