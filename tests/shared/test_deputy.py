"""Somebody speaks for a process whose main thread is away, and only then."""

import threading
import time

import pytest

from shared import deputy as module
from shared.deputy import Deputy
from shared.topics import Envelope
from tests.dashboard.made import status

HEARD_S = 10


class Said:
    """What a deputy said, and how often the supervisor was told."""

    def __init__(self):
        self.statuses, self.beats = [], 0
        self.spoke = threading.Event()
        self.deputy = Deputy(self.publish, self.beat)

    def publish(self, envelope):
        self.statuses.append(envelope.message)
        self.spoke.set()

    def beat(self):
        self.beats += 1


@pytest.fixture
def said(monkeypatch):
    monkeypatch.setattr(module, "BEAT_S", 0.02)
    said = Said()
    yield said
    said.deputy.end()


READY = Envelope("status", "detector-host-1", status(unfinished={"a": 1}))


def test_long_work_is_told(said):
    """The status goes on, with the seconds it has taken, and the supervisor does not think that it hangs."""
    with said.deputy.instead(READY, first_s=0.0):
        assert said.spoke.wait(HEARD_S)
        said.spoke.clear()
        assert said.spoke.wait(HEARD_S)
    assert said.beats == len(said.statuses) >= 2
    assert said.statuses[-1].busy_s >= 0
    assert said.statuses[-1].unfinished is None, "what has arrived since is not known"
    assert said.statuses[-1].process == "detector-host-1"


def test_whoever_is_there_speaks_for_himself(said):
    """Before and after a piece of work the deputy is silent: the sockets are the main thread's."""
    for _ in range(50):
        with said.deputy.instead(READY):
            pass
    with said.deputy.instead(READY, first_s=0.0):
        assert said.spoke.wait(HEARD_S)
    count = len(said.statuses)
    assert not said.spoke.wait(0.1) or len(said.statuses) == count
    assert len(said.statuses) == count


def test_work_that_never_ends_has_hung(said, monkeypatch):
    """From then on nobody is told that it goes on, so that captures and supervisor do what they do with the dead."""
    monkeypatch.setattr(module, "HUNG_S", 0.0)
    began = time.process_time()
    with said.deputy.instead(READY, first_s=0.0):
        assert not said.spoke.wait(0.25)
    assert said.beats == 0
    assert time.process_time() - began < 0.1, "its thread takes nothing of the processor from the work"


def test_a_start_may_take_its_time(said, monkeypatch):
    """To load networks is no hanging; but the supervisor waits for the first real beat."""
    monkeypatch.setattr(module, "HUNG_S", 0.0)
    with said.deputy.instead(READY, first_s=0.0, alive=False):
        assert said.spoke.wait(HEARD_S)
    assert said.beats == 0
    assert said.statuses[0].busy_s == 0
