"""The window: bounded, ordered, resent, given up. Hours pass in microseconds: time is an argument."""

import msgspec
import numpy as np
import pytest

from capture.dispatch import Terms
from capture.effort import Effort
from capture.flight import MAX_FAILURES, blame
from capture.reader import Taken
from capture.sources import Frame
from capture.window import Policy, Window
from shared import messages as m

IMAGE = np.zeros((4, 4, 3), np.uint8)
TWO = ("classifier-a-2", "classifier-b-2")
LIVE, REPLAY = Policy(live=True), Policy(live=False)


def admit(window, seq, now=0.0, end=False, pts=None):
    return window.admit(Taken(Frame(IMAGE, seq / 30 if pts is None else pts, seq, last=end), 0, now))


def send_all(window, now=0.0, detector="detector-a-1"):
    sent = list(window.to_send())
    for flight in sent:
        window.sent(flight, None if flight.gone else detector, now)
    return [flight.seq for flight in sent]


def faces(flight, classifiers=("classifier-a-2",), worker="detector-a-1"):
    return m.Faces(
        source="s", epoch=1, seq=flight.seq, prev=flight.prev, acked=None, pts=flight.pts, captured_ns=0, live=False,
        end=False, faces=[], size=(4, 4), classify=flight.classify, worker=worker, detect_ms=1.0,
        classifiers=list(classifiers),
    )  # fmt: skip


def test_the_window_keeps_every_worker_busy_and_no_more():
    """Live: one frame a detector and one to come; replay: two a detector and three a classifier; or as set."""
    assert Window(LIVE).size(2, 4) == 3
    assert Window(REPLAY).size(2, 4) == 16
    assert Window(Policy(live=True, size=7)).size(2, 4) == 7


def test_room_is_counted_in_frames_and_bytes():
    """A window of huge frames is smaller; one frame always fits."""
    window = Window(Policy(live=False, max_bytes=100))
    assert window.has_room(3, next_bytes=1000)
    admit(window, 0)
    assert window.has_room(3, next_bytes=52)
    assert not window.has_room(3, next_bytes=53)
    assert not window.has_room(1, next_bytes=1)


def test_a_replay_with_hints_has_no_more_in_flight_than_its_hints_are_old():
    """Else a frame's hints, and so its result, would depend on who was quick."""
    window = Window(Policy(live=False, scan_s=0.25, hint_lag=3))
    assert window.size(2, 4) == 3
    for seq in range(3):
        admit(window, seq)
    send_all(window)
    assert not window.knows_hints_for(3)
    window.answered(1, 0.1)
    window.answered(2, 0.1)
    assert not window.knows_hints_for(3), "frame 0 is not answered"
    window.answered(0, 0.2)
    assert window.knows_hints_for(3)


def test_behind_a_cut_frames_are_scanned_also_where_a_killed_capture_goes_on():
    """The first frame of the new scene is compared with the one before it, whoever had sent that."""
    policy = Policy(live=False, scan_s=10.0, hint_lag=1)
    dark, light = np.random.default_rng(1).integers(0, 256, (2, 8, 8, 3)).astype(np.uint8)
    window = Window(policy)
    scans = []
    for seq, image in enumerate([dark, dark, light, light]):
        scans.append(window.admit(Taken(Frame(image, seq / 30, seq), 0, 0.0)).scan)
        window.hints.learn(seq, seq / 30, [(1, (1.0, 1.0, 9.0, 9.0))])
    assert scans == [True, False, True, False]
    for image, scan in ((dark, False), (light, True)):
        resumed = Window(policy, 1, Frame(dark, 1 / 30, 1), window.hints.up_to(1))
        assert resumed.admit(Taken(Frame(image, 2 / 30, 2), 0, 0.0)).scan == scan


def test_live_takes_the_hints_there_are():
    """A camera waits for nobody."""
    window = Window(Policy(live=True, scan_s=0.25, hint_lag=3))
    assert window.size(2, 4) == 3
    admit(window, 0)
    assert window.knows_hints_for(1)
    assert Window(Policy(live=True, size=9, scan_s=0.25, hint_lag=3)).size(1, 1) == 9


def test_each_frame_names_the_one_before():
    """Live gaps are no riddle to the smoother: `prev` is the frame sent before, whatever was skipped."""
    window = Window(LIVE)
    assert [admit(window, seq).prev for seq in (0, 1, 5, 9)] == [None, 0, 1, 5]


def test_acked_is_contiguous():
    """`acked` says that everything up to it is done, so an answer out of turn does not move it."""
    window = Window(REPLAY)
    for seq in range(3):
        admit(window, seq)
    send_all(window)
    assert window.acked is None
    window.answered(1, 0.1)
    assert window.acked is None
    window.answered(0, 0.1)
    assert window.acked == 1
    window.answered(2, 0.1)
    assert window.acked == 2
    assert not window.flights


def test_every_third_frame_is_classified_in_replay_wherever_it_goes_on():
    """A killed capture that goes on asks for the same frames to be classified."""
    whole, resumed = Window(REPLAY), Window(REPLAY, acked=4, before=Frame(IMAGE, 4 / 30, 4))
    assert [seq for seq in range(12) if admit(whole, seq).classify] == [0, 3, 6, 9]
    assert [seq for seq in range(5, 12) if admit(resumed, seq).classify] == [6, 9]


def test_live_classification_is_as_frequent_whatever_was_skipped():
    """With frames skipped, every third still means about 0.1 s at 30 fps, not every multiple of three."""
    window = Window(LIVE)
    assert [seq for seq in (1, 2, 4, 5, 7, 8, 10) if admit(window, seq).classify] == [1, 4, 7, 10]


def test_pictures_far_apart_are_all_classified():
    """The images of a folder, a second apart, each get their emotions."""
    window = Window(REPLAY)
    assert all(admit(window, seq, pts=float(seq)).classify for seq in range(5))


def test_a_worker_that_leaves_gives_its_frames_back_at_once():
    """No time-out is waited for when it is known that nobody works on a frame."""
    window = Window(REPLAY)
    for seq in range(4):
        admit(window, seq)
    first, second = list(window.to_send())[:2]
    window.sent(first, "detector-a-1", 0.0)
    window.sent(second, "detector-b-1", 0.0)
    assert window.held_by("detector-a-1") == [first]
    window.located(faces(first, classifiers=TWO), 0.1, TWO)
    assert window.held_by("detector-a-1") == []
    assert window.held_by("classifier-b-2") == [first]
    window.answered(first.seq, 0.2)
    assert window.held_by("classifier-b-2") == []


def test_an_answer_of_an_earlier_detector_does_not_move_the_blame():
    """Only the detector that has the frame now says who got its crops."""
    window = Window(REPLAY)
    flight = admit(window, 0)
    window.sent(flight, "detector-b-1", 0.0)
    window.located(faces(flight, worker="detector-a-1"), 0.1, TWO)
    assert flight.holders() == ("detector-b-1",)


def test_crops_given_to_a_classifier_that_has_left_are_sent_again_at_once():
    """A detector may learn later than the capture that a classifier is gone."""
    window = Window(REPLAY)
    flight = admit(window, 0)
    send_all(window)
    window.located(faces(flight, classifiers=TWO), 0.1, TWO[:1])
    assert flight.waiting


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


def test_three_failures_and_a_replay_gives_up():
    """A frame that kills every worker is given up, said so until it is answered, and the rest goes on."""
    window = Window(REPLAY)
    poison = admit(window, 0)
    for worker in range(MAX_FAILURES):
        assert poison.gone is None
        send_all(window, float(worker), f"detector-a-{worker}")
        blame(poison, f"detector-a-{worker}")
        poison.waiting = True
    assert poison.gone == "failed"
    assert poison.is_news
    assert send_all(window, 10.0) == [0]
    assert not poison.is_news
    assert send_all(window, 10.5) == []
    window.expire(100.0)
    assert send_all(window, 100.0) == [0]
    assert window.answered(0, 100.1) is poison
    assert window.acked == 0


def test_a_suspect_travels_alone():
    """While it is unclear what workers die of, one suspect is sent at a time; nothing new goes with it."""
    window = Window(REPLAY)
    flights = [admit(window, seq) for seq in range(4)]
    send_all(window)
    for flight in flights[:3]:
        blame(flight, "detector-a-1")
    for flight in flights:
        flight.waiting = True
    assert window.suspects() == flights[:3]
    assert [flight.seq for flight in window.to_send(alone=flights[1])] == [1]
    window.sent(flights[1], "detector-b-1", 1.0)
    window.answered(1, 1.2)
    assert window.suspects() == [flights[0], flights[2]]
    assert [flight.seq for flight in window.to_send()] == [0, 2, 3]


def test_what_a_suspect_waits_for_travels_with_it():
    """A frame before it, whose crops went to a classifier that had just left, is sent again; else neither would end."""
    window = Window(REPLAY)
    first, suspect, _ = (admit(window, seq) for seq in range(3))
    send_all(window)
    blame(suspect, "classifier-a-2")
    window.located(faces(first, classifiers=("classifier-a-2",)), 0.1, members=())
    assert first.waiting
    assert not first.is_suspect
    assert list(window.to_send(alone=suspect)) == [first]


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
    assert window.expire(0.5) == [quick]
    assert window.next_expiry() == pytest.approx(35.0)


def test_who_waits_for_another_is_not_late():
    """A frame that is whole waits for one whose classifier takes long; both results come, in order."""
    window = Window(Policy(live=True, deadline_s=0.5))
    first, whole, behind = (admit(window, seq) for seq in range(3))
    send_all(window)
    window.located(faces(first), 0.1, TWO, expected_s=3.0)
    window.located(faces(whole, classifiers=()), 0.1, TWO)
    assert window.expire(1.0) == [behind], "its detector has not answered"
    window.answered(0, 5.0)
    assert window.expire(5.4) == []
    assert window.expire(5.6) == [whole], "now it is its own result that does not come"


def test_nobody_is_given_up_because_another_was():
    """A frame that is whole gets its result when the one before it is over."""
    window = Window(Policy(live=True, deadline_s=0.5))
    first, whole = admit(window, 0), admit(window, 1)
    send_all(window)
    window.located(faces(whole, classifiers=()), 0.1, TWO)
    assert window.expire(0.5) == [first]
    assert window.expire(0.9) == []
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


@pytest.mark.parametrize(("policy", "gone"), [(LIVE, "deadline"), (REPLAY, None)])
def test_what_a_worker_dropped_is_over_or_goes_elsewhere(policy, gone):
    """It says so; nobody waits for a deadline or a time-out. What others drop is not ours."""
    window = Window(policy)
    flight = admit(window, 0)
    send_all(window)
    window.dropped(0, "detector-z-9")
    window.dropped(7, "detector-a-1")
    assert not flight.waiting
    window.dropped(0, "detector-a-1")
    assert flight.waiting
    assert flight.gone == gone


def test_what_is_searched_is_decided_by_the_frame_itself():
    """Pictures of a folder have sizes of their own."""
    window = Window(Policy(live=True, scan_s=0.0))
    terms = Terms(lambda side: Effort(0.0, side, 3), claim_classifier=lambda: True, has_room=lambda: True)
    sides = [window.admit(Taken(Frame(np.zeros((4, side, 3), np.uint8), 0.0, n), 0, 0.0), terms).max_side
             for n, side in enumerate([320, 4000, 640])]  # fmt: skip
    assert sides == [320, 4000, 640]


def test_who_only_waits_for_the_smoother_does_not_wait_for_long():
    """However slow the workers are: when they are done, a result is due soon."""
    window = Window(Policy(live=True, deadline_s=0.5))
    flight = admit(window, 0)
    window.sent(flight, "detector-a-1", 0.0, expected_s=20.0)
    window.located(faces(flight, classifiers=TWO), 9.0, TWO, expected_s=20.0)
    window.classified(0, TWO[0], 10.0)
    assert flight.deadline_at > 60.0
    window.classified(0, TWO[1], 11.0)
    assert window.expire(11.4) == []
    assert window.expire(11.5) == [flight]


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


def test_what_a_silent_worker_has_goes_elsewhere():
    """It may only be stopped, so it is not blamed; what others have stays with them."""
    window = Window(Policy(live=True, deadline_s=9.0))
    flights = [admit(window, seq) for seq in range(3)]
    for flight, worker in zip(flights, "aab", strict=True):
        window.sent(flight, f"detector-{worker}-1", 0.0)
    window.located(faces(flights[1]), 0.1, TWO)
    window.take_from(frozenset())
    assert not any(flight.waiting for flight in flights)
    window.take_from(frozenset({"detector-a-1", "classifier-b-2"}))
    assert [flight.waiting for flight in flights] == [True, False, False]
    assert flights[0].failures == 0


def test_live_work_is_asked_for_on_terms():
    """What is asked of a frame is less under overload, and a frame is classified only when there is room for it."""
    window = Window(Policy(live=True, scan_s=0.0, classify_every=2))
    busy = Terms(lambda _: Effort(1.0, 640, 4, 3), claim_classifier=lambda: False, has_room=lambda: True)
    free = Terms(lambda _: Effort(1.0, 640, 4, 3), claim_classifier=lambda: True, has_room=lambda: True)
    first = window.admit(Taken(Frame(IMAGE, 0.0, 0), 0, 0.0), busy)
    assert (first.scan, first.max_side, first.classify) == (True, 640, False)
    window.hints.learn(0, 0.0, [(1, (1.0, 1.0, 3.0, 3.0))])
    flights = [window.admit(Taken(Frame(IMAGE, seq / 30, seq), 0, 0.0), free) for seq in range(1, 7)]
    assert [flight.classify for flight in flights] == [True, False, False, False, True, False]
    assert not any(flight.scan for flight in flights), "although every frame is to be searched whole, if there is time"


def test_hints_of_a_live_source_stay_few():
    """Whatever was answered long ago is not asked for again."""
    window = Window(Policy(live=True, scan_s=0.25))
    for seq in range(900):
        admit(window, seq)
        send_all(window)
        window.answered(seq, 0.0)
        window.hints.learn(seq, seq / 30, [(1, (1.0, 1.0, 3.0, 3.0))])
    assert len(window.hints._seen) < 25


def test_replay_knows_no_deadline():
    """Every frame of a recording is processed, however long it takes."""
    window = Window(REPLAY)
    flight = admit(window, 0)
    send_all(window)
    for now in range(0, 10_000, 100):
        window.expire(float(now))
        send_all(window, float(now))
    assert flight.gone is None


def test_a_source_that_just_stops_is_closed_with_an_end():
    """Viewers learn that a run is over even when its last frame could not be known."""
    window = Window(LIVE)
    admit(window, 4)
    flight = window.close(0, 1.0)
    assert (flight.seq, flight.prev, flight.end, flight.gone) == (5, 4, True, "ended")
    assert Window(LIVE).close(0, 1.0).seq == 0


def test_with_a_recorder_only_its_acknowledgement_frees_a_frame():
    """Rows not yet on disk are asked for again when they do not arrive."""
    window = Window(Policy(live=False, ack="recorder"))
    for seq in range(3):
        admit(window, seq)
    send_all(window)
    assert window.answered(0, 0.1) is not None
    assert window.answered(0, 0.2) is None
    assert window.acked is None
    window.recorded(0)
    assert window.acked == 0
    window.answered(1, 0.3)
    window.expire(50.0)
    assert send_all(window, 50.0) == [1, 2]
    assert window.flights[1].failures == 0
    window.recorded(2)
    assert window.acked == 1, "the recorder heard of frame 2 before we did, and its result tells later frames' hints"
    window.answered(2, 50.1)
    assert window.acked == 2


def test_a_returned_smoother_gets_everything_again():
    """A killed smoother forgets the parts of unfinished frames."""
    window = Window(REPLAY)
    for seq in range(2):
        admit(window, seq)
    send_all(window)
    window.resend_all()
    assert send_all(window, 1.0) == [0, 1]


def test_nothing_to_expire_while_frames_wait():
    """A window whose frames wait for a worker does not spin the loop."""
    window = Window(REPLAY)
    admit(window, 0)
    send_all(window)
    window.expire(5.0)
    assert window.next_expiry() == float("inf")
