"""What waits at a worker: short, bounded, and without what nobody wants any more."""

from shared import messages as m
from shared.backlog import Backlog


def crops(seq, source="s", epoch=1, deadline_ms=None):
    header = {"source": source, "epoch": epoch, "seq": seq, "prev": None, "acked": None, "pts": 0.0, "captured_ns": 0}
    return m.Crops(**header, live=True, end=False, crops=[], deadline_ms=deadline_ms)


def gone(seq, source="s", epoch=1):
    return m.Gone(**(crops(seq, source, epoch).header()), reason="deadline")


def backlog(**limits):
    return Backlog("classifier-host-1", lambda _: 10, **limits)


def seqs(waiting):
    return [message.seq for message in waiting.waiting()]


def told(said):
    return [(envelope.topic, envelope.key, envelope.message.seq, envelope.message.reason) for envelope in said]


def test_first_come_first_served():
    """A sender takes an answer for a sign that what it sent before has been answered or lost."""
    waiting = backlog()
    for seq in (3, 1, 2):
        assert waiting.add(crops(seq), 0.0) == []
    assert [waiting.take().seq for _ in range(len(waiting))] == [3, 1, 2]


def test_what_was_given_up_is_not_worked_on():
    """Its capture is told that it is free; a frame that is not here is nobody's business."""
    waiting = backlog()
    waiting.add(crops(1), 0.0)
    waiting.add(crops(2), 0.0)
    assert told(waiting.give_up(gone(1))) == [("dropped", "s", 1, "given up")]
    assert waiting.give_up(gone(1)) == []
    assert waiting.give_up(gone(2, epoch=2)) == []
    assert seqs(waiting) == [2]


def test_what_has_waited_too_long_is_not_worked_on():
    """Its capture may have gone, or its word been lost; without a deadline it is always worth it."""
    waiting = backlog()
    waiting.add(crops(1, deadline_ms=500.0), 0.0)
    waiting.add(crops(2, deadline_ms=500.0), 0.2)
    waiting.add(crops(3), 0.0)
    assert waiting.drop_late(0.5) == []
    assert told(waiting.drop_late(0.6)) == [("dropped", "s", 1, "late")]
    assert told(waiting.drop_late(9.0)) == [("dropped", "s", 2, "late")]
    assert seqs(waiting) == [3]


def test_it_never_grows_beyond_its_limits():
    """In messages and in bytes, whoever sends how fast; the oldest make room, and one always fits."""
    few, small = backlog(most=3), backlog(most_bytes=25)
    said = [told(few.add(crops(seq), 0.0)) for seq in range(5)]
    assert said == [[], [], [], [("dropped", "s", 0, "full")], [("dropped", "s", 1, "full")]]
    for seq in range(5):
        small.add(crops(seq), 0.0)
    assert seqs(small) == [3, 4]
    tiny = backlog(most_bytes=1)
    tiny.add(crops(0), 0.0)
    assert seqs(tiny) == [0]


def test_a_frame_that_is_sent_again_waits_once():
    """At the end, as what it is: the newest copy."""
    waiting = backlog()
    for seq in (1, 2, 1):
        waiting.add(crops(seq), 0.0)
    assert seqs(waiting) == [2, 1]


def test_what_it_has_is_counted_by_source():
    """For the status, from which captures see what has been lost on its way."""
    waiting = backlog()
    for source, seq in (("a", 1), ("a", 2), ("b", 1)):
        waiting.add(crops(seq, source), 0.0)
    assert waiting.unfinished() == {"a": 2, "b": 1}
