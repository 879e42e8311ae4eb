"""The smoother's stage: what it does with statuses, and with parts that come too late."""

import errno
import itertools
from typing import Any

import msgspec
import pytest

from shared import messages as m
from shared.epochs import MOST_SOURCES
from shared.errors import ConfigurationError
from shared.identity import Identity
from shared.settings import Settings
from shared.stage import Place
from shared.status import SourceStatus, Status
from shared.topics import Envelope
from smoother import memories
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
    source = SourceStatus(
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
    facts: dict[str, Any] = {"stage": stage, "host": "h", "pid": 1, "started_ns": 0, "state": "ready", "error": None}
    more: dict[str, Any] = {"counters": {}, "latency_ms": None, "memory_mb": 1.0, "detail": ""}
    return Status(process=process, name=process, sources=[source], **facts, **more)


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


def test_one_wrong_epoch_strands_nobody(smoother, capsys):
    """A later epoch that no capture is in is left out, said once, and the source goes on; a real one is followed."""
    assert hear(smoother, status("capture", "c"), faces(0), faces(1)) == [(1, 0, False), (1, 1, False)]
    wrong = m.Gone(**(faces(2, epoch=1_000_001).header()), reason="deadline")
    for second in range(1, 30):
        now = second / 10
        assert hear(smoother, status("capture", "c"), wrong, now=now) == []
        assert hear(smoother, faces(1 + second), now=now) == [(1, 1 + second, False)]
    assert capsys.readouterr().out.count("another epoch ignored") == 1
    assert hear(smoother, status("capture", "c", epoch=2), faces(0, epoch=2), now=3.0) == [(2, 0, False)]


def test_a_capture_whose_clock_went_back_is_listened_to(smoother):
    """Started anew by hand it begins a smaller epoch; its predecessor's word is good for three seconds."""
    hear(smoother, status("capture", "c1", epoch=9), faces(0, epoch=9))
    assert hear(smoother, status("capture", "c2", epoch=3), faces(0, epoch=3), now=2.0) == []
    assert hear(smoother, status("capture", "c2", epoch=3), faces(0, epoch=3), now=3.1) == [(3, 0, False)]
    assert hear(smoother, faces(1, epoch=3), now=3.2) == [(3, 1, False)]


def test_a_clock_may_go_back_after_the_end_too(smoother):
    """Nothing is expected of the epoch that is over; the one that a capture says is in is listened to."""
    hear(smoother, faces(0, epoch=9), status("capture", "c1", "holding", epoch=9))
    assert hear(smoother, status("capture", "c2", epoch=3), faces(0, epoch=3), now=1.0) == []
    assert hear(smoother, status("capture", "c2", epoch=3), faces(0, epoch=3), now=4.0) == [(3, 0, False)]


def test_a_source_that_only_others_call_over_goes_on(smoother):
    """Whoever said so, its capture says otherwise a second later."""
    hear(smoother, status("capture", "c"), faces(0), status("capture", "stranger", "ended"))
    assert hear(smoother, faces(1)) == []
    hear(smoother, status("capture", "c"), now=1.0)
    assert hear(smoother, faces(1), now=1.0) == [(1, 1, False)]


def test_made_up_sources_are_bounded(smoother):
    """However many names somebody invents, on the bus and on disk."""
    for number in range(MOST_SOURCES + 20):
        part = msgspec.structs.replace(faces(0), source=f"s{number}")
        list(smoother.handle([Envelope("faces", part.source, part)], number / 1000))
    assert len(smoother._assemblies) == MOST_SOURCES
    assert len(list((smoother._folder).iterdir())) == MOST_SOURCES
    assert hear(smoother, faces(0), now=9.0) == [(1, 0, False)]
    assert "s" in smoother._assemblies, "who speaks now is not the one that is forgotten"


@pytest.fixture
def full_disk(monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(memories, "write", fail)
    yield
    monkeypatch.undo()


def test_a_full_disk_does_not_end_a_live_source(smoother, full_disk, monkeypatch):
    """Results go on; the status says what is at stake, until it can be written again."""
    old = smoother._folder / "s.msgpack"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"where it was long ago")
    assert hear(smoother, faces(0)) == [(1, 0, False)]
    assert "No space left" in smoother.error
    assert not old.exists(), "a successor must not go on from there"
    monkeypatch.undo()
    assert hear(smoother, faces(1)) == [(1, 1, False)]
    assert smoother.error is None


def test_a_full_disk_ends_a_replay_with_a_recorder(tmp_path, full_disk):
    """Its rows are promised; better to stop with the reason than to promise on."""
    settings = Settings(_env_file=None, runtime_dir=tmp_path, capture_ack="recorder")
    stage = Smoother(Place(settings, Identity("smoother", "h", next(_pids), "smoother", 0), tmp_path / "state"))
    with pytest.raises(ConfigurationError, match="No space left"):
        hear(stage, faces(0))
    stage.close()


def test_a_source_that_was_refused_on_the_way_is_forgotten(smoother, tmp_path):
    """Like one that has ended; nothing of it is kept for a next one of its name."""
    hear(smoother, faces(0), faces(1))
    assert smoother._assemblies
    hear(smoother, status("capture", "c", "refused"))
    assert not smoother._assemblies
    assert memories.read(smoother._folder) == {}
