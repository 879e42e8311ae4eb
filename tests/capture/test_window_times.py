"""When a frame in a window is sent again or given up. Hours pass in microseconds: time is an argument."""

import msgspec
import pytest

from capture.policy import Policy
from capture.window import Window
from shared import messages as m
from tests.capture.made import TWO, admit, faces, send_all

REPLAY = Policy(live=False)


def expire(window, now):
    """What is given up now."""
    late = window.late(now)
    window.expire(now)
    return late


def test_crops_that_found_no_classifier_are_tried_again_soon():
    """A detector without a classifier drops its crops; a full time-out would be a long time for nothing."""
    window = Window(REPLAY)
    flight = admit(window, 0)
    send_all(window)
    face = m.Face(face=0, xyxy=(0, 0, 1, 1), confidence=1, landmarks=((0, 0),) * 5, classify=True)
    window.located(msgspec.structs.replace(faces(flight, classifiers=()), faces=[face]), 0.1, TWO)
    window.expire(0.2)
    assert not flight.waiting
    window.expire(0.4)
    assert flight.waiting
    assert flight.failures == 0


def test_frames_sent_twice_do_not_stretch_the_time_out():
    """A stall must not lengthen the next one: what was resent says nothing about the usual latency."""
    window = Window(REPLAY)
    admit(window, 0)
    send_all(window, 0.0)
    window.expire(5.0)
    assert send_all(window, 5.0) == [0]
    window.answered(0, 60.0)
    admit(window, 1)
    send_all(window, 100.0)
    window.answered(1, 100.1)
    usual = admit(window, 2)
    send_all(window, 200.0)
    assert usual.timeout_at == pytest.approx(201.0)


def test_a_time_out_doubles():
    """Five seconds before it is known what a frame takes, and twice as long at every try."""
    window = Window(REPLAY)
    flight = admit(window, 0)
    expected, now = 5.0, 0.0
    for _ in range(3):
        send_all(window, now)
        window.expire(now + expected - 0.01)
        assert not flight.waiting
        window.expire(now + expected)
        assert flight.waiting
        now += expected
        expected *= 2


def test_a_slow_worker_is_waited_for_ever_longer():
    """A time-out blames nobody; frames after it are given more time until one is answered as usual."""
    window = Window(REPLAY)
    flight = admit(window, 0)
    send_all(window, 0.0)
    window.expire(5.0)
    assert (flight.failures, flight.waiting) == (0, True)
    patient = admit(window, 1)
    send_all(window, 5.0)
    assert patient.timeout_at == pytest.approx(15.0)
    window.answered(0, 6.0)
    window.answered(1, 6.5)
    usual = admit(window, 2)
    send_all(window, 7.0)
    assert usual.timeout_at == pytest.approx(7.0 + 5 * 1.5)


def test_while_results_come_nobody_is_hurried():
    """One slow worker takes a window's frames one after the other; only when nothing moves is something sent again."""
    window = Window(REPLAY)
    for seq in range(5):
        admit(window, seq)
    send_all(window, 0.0)
    for seq in range(4):
        window.expire(4.0 * (seq + 1))
        assert send_all(window, 4.0 * (seq + 1)) == []
        window.answered(seq, 4.0 * (seq + 1))
    window.expire(20.9)
    assert send_all(window, 20.9) == []
    window.expire(21.0)
    assert send_all(window, 21.0) == [4]


def test_live_gives_up_at_the_deadline():
    """Live, a late result is worth nothing: the frame is given up and its pixels freed."""
    window = Window(Policy(live=True, deadline_s=0.5))
    flight = admit(window, 0)
    window.expire(100.0)
    assert flight.gone is None  # never sent, so never late
    send_all(window, 100.0)
    assert window.next_expiry() == pytest.approx(100.5)
    window.expire(100.49)
    assert flight.gone is None
    window.expire(100.5)
    assert flight.gone == "deadline"
    assert flight.image is None


def test_the_deadline_follows_what_workers_need():
    """Three times as long as a frame should take, if that is more than is set, and what its classifier needs on top."""
    window = Window(Policy(live=True, deadline_s=0.5))
    quick, slow = admit(window, 0), admit(window, 1)
    window.sent(quick, "detector-a-1", 0.0, expected_s=0.1)
    window.sent(slow, "detector-a-1", 0.0, expected_s=4.0)
    assert (quick.deadline_at, slow.deadline_at) == (0.5, 12.0)
    window.located(faces(slow), 5.0, TWO, expected_s=10.0)
    assert slow.deadline_at == pytest.approx(35.0)
    assert expire(window, 0.5) == [quick]
    assert window.next_expiry() == pytest.approx(35.0)


def test_who_waits_for_another_is_not_late():
    """A frame that is whole waits for one whose classifier takes long; both results come, in order."""
    window = Window(Policy(live=True, deadline_s=0.5))
    first, whole, behind = (admit(window, seq) for seq in range(3))
    send_all(window)
    window.located(faces(first), 0.1, TWO, expected_s=3.0)
    window.located(faces(whole, classifiers=()), 0.1, TWO)
    assert expire(window, 1.0) == [behind], "its detector has not answered"
    window.answered(0, 5.0)
    assert expire(window, 5.4) == []
    assert expire(window, 5.6) == [whole], "now it is its own result that does not come"


def test_nobody_is_given_up_because_another_was():
    """A frame that is whole gets its result when the one before it is over."""
    window = Window(Policy(live=True, deadline_s=0.5))
    first, whole = admit(window, 0), admit(window, 1)
    send_all(window)
    window.located(faces(whole, classifiers=()), 0.1, TWO)
    assert expire(window, 0.5) == [first]
    assert expire(window, 0.9) == []
    window.answered(0, 0.95)
    assert window.answered(1, 0.95) is whole


def test_a_recorder_is_asked_again_also_live():
    """It may have missed a row; nothing else would ever free the frame's place."""
    window = Window(Policy(live=True, ack="recorder"))
    admit(window, 0)
    send_all(window)
    window.answered(0, 0.1)
    window.expire(4.0)
    assert send_all(window, 4.0) == []
    window.expire(5.2)
    assert send_all(window, 5.2) == [0]
    window.recorded(0)
    assert not window.flights


def test_who_only_waits_for_the_smoother_does_not_wait_for_long():
    """However slow the workers are: when they are done, a result is due soon."""
    window = Window(Policy(live=True, deadline_s=0.5))
    flight = admit(window, 0)
    window.sent(flight, "detector-a-1", 0.0, expected_s=20.0)
    window.located(faces(flight, classifiers=TWO), 9.0, TWO, expected_s=20.0)
    window.classified(0, TWO[0], 10.0)
    assert flight.deadline_at > 60.0
    window.classified(0, TWO[1], 11.0)
    assert expire(window, 11.4) == []
    assert expire(window, 11.5) == [flight]


def test_live_nothing_is_sent_again_for_being_late():
    """It would be more work for who is too slow; but the end of a frame that was given up is, until it is heard."""
    window = Window(Policy(live=True, deadline_s=60.0))
    flight = admit(window, 0)
    send_all(window)
    for now in range(1, 60):
        window.expire(float(now))
        assert send_all(window, float(now)) == []
    window.expire(60.0)
    assert flight.gone == "deadline"
    assert send_all(window, 60.0) == [0]
    window.expire(61.0)
    assert send_all(window, 61.0) == [0]


def test_nothing_to_expire_while_frames_wait():
    """A window whose frames wait for a worker does not spin the loop."""
    window = Window(REPLAY)
    admit(window, 0)
    send_all(window)
    window.expire(5.0)
    assert window.next_expiry() == float("inf")
