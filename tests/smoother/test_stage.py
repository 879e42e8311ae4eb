"""The smoother's stage: what it does with statuses, and with parts that come too late."""

import itertools

import pytest

from shared import messages as m
from shared.identity import Identity
from shared.settings import Settings
from shared.stage import Place
from shared.topics import Envelope
from smoother.stage import Smoother

_pids = itertools.count(1)


def faces(seq, epoch=1):
    return m.Faces(
        source="s",
        epoch=epoch,
        seq=seq,
        prev=seq - 1 if seq else None,
        acked=seq - 1 if seq else None,
        pts=seq / 30,
        captured_ns=seq,
        live=False,
        end=False,
        faces=[],
        size=(640, 480),
        classify=False,
        worker="d",
        detect_ms=5.0,
    )


def status(stage, process, state="running", epoch=1):
    source = m.SourceStatus(
        source="s",
        spec="s.mp4",
        epoch=epoch,
        state=state,
        live=False,
        seq=1,
        window=1,
        unfinished=0,
        fps=0.0,
        error=None,
    )
    facts = {"stage": stage, "host": "h", "pid": 1, "started_ns": 0, "state": "ready", "error": None}
    more = {"counters": {}, "latency_ms": None, "memory_mb": 1.0, "detail": ""}
    return m.Status(process=process, name=process, sources=[source], **facts, **more)


@pytest.fixture
def smoother(tmp_path):
    settings = Settings(_env_file=None, runtime_dir=tmp_path)
    stage = Smoother(Place(settings, Identity("smoother", "h", next(_pids), "smoother", 0), tmp_path / "state"))
    yield stage
    stage.close()


def hear(stage, *messages, now=0.0):
    """The results of one batch."""
    said = list(stage.handle([Envelope("x", "s", message) for message in messages], now))
    list(stage.tick(now))
    return [(envelope.message.epoch, envelope.message.seq, envelope.message.repeat) for envelope in said]


def test_a_part_that_comes_after_the_end_is_no_result(smoother):
    """A worker that was frozen answers when all is over: nothing new is said, and nothing is written down again."""
    assert hear(smoother, faces(0), faces(1)) == [(1, 0, False), (1, 1, False)]
    assert hear(smoother, faces(1)) == [(1, 1, True)]
    assert hear(smoother, status("capture", "c", "holding")) == []
    assert hear(smoother, faces(1)) == []
    assert hear(smoother, faces(0, epoch=2)) == [(2, 0, False)]


def test_the_end_and_the_last_result_may_come_together(smoother):
    """The result is written down before its source is forgotten."""
    assert hear(smoother, faces(0), status("capture", "c", "ended")) == [(1, 0, False)]
    assert hear(smoother, status("capture", "c", "ended"), faces(0, epoch=2)) == [(2, 0, False)]


def test_a_second_smoother_is_an_error_while_it_is_there(smoother):
    """Seen in its own status; gone with the other process."""
    hear(smoother, status("smoother", "smoother-h-99"), now=10.0)
    assert "smoother-h-99 too" in smoother.error
    hear(smoother, now=12.0)
    assert smoother.error
    hear(smoother, now=14.0)
    assert smoother.error is None
