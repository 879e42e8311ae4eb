"""Who gets what: bounded at every worker, by turns among sources, whatever has been given up."""

from typing import Any

import pytest

from capture.dispatch import LIVE_MOST, REPLAY_MOST, Dispatch
from shared import messages as m
from tests.dashboard.made import status

BOX = (0.0, 0.0, 9.0, 9.0)
FACE = m.Face(face=0, xyxy=BOX, confidence=1.0, landmarks=((0.0, 0.0),) * 5, classify=True)


def dispatch(detectors=1, classifiers=1, live=True):
    one = Dispatch()
    if live:
        one.serve(live=True)
    for topic, count in (("frame", detectors), ("crops", classifiers)):
        for number in range(count):
            one.note(True, f"{topic}/{topic}-{number}/", 0.0)
    return one


def header(source, seq):
    return {
        "source": source, "epoch": 1, "seq": seq, "prev": None, "acked": None, "pts": 0.0, "captured_ns": 0,
        "live": True, "end": False,
    }  # fmt: skip


def located(source, seq, *classifiers, worker="frame-0"):
    faces = [FACE] if classifiers else []
    return m.Faces(
        **header(source, seq), faces=faces, size=(9, 9), classify=bool(classifiers), worker=worker, detect_ms=1.0,
        classifiers=list(classifiers),
    )  # fmt: skip


def send(one, source, seq, now=0.0, classify=False, scan=True):
    worker = one.pick(now, ())
    return worker and one.sent((source, 1, seq), worker, now, scan=scan, classify=classify)


def test_a_worker_has_two_live_frames_at_most_whatever_becomes_of_them():
    """Given up, they still count until the worker has done or dropped them: it has them in any case."""
    one = dispatch()
    for seq in range(LIVE_MOST):
        assert send(one, "a", seq) is not None
    assert not one.has_room(0.0)
    for seq in range(LIVE_MOST):
        one.given_up(("a", 1, seq), 0.5)
    assert not one.has_room(0.6)
    one.dropped(m.Dropped(**header("a", 1), worker="frame-0", reason="given up"))
    assert one.has_room(0.6)
    one.located(located("a", 0), 0.2)
    assert one.detectors.room(0.2, LIVE_MOST) == LIVE_MOST


def test_a_detector_that_takes_long_gets_one_frame_at_a_time():
    """The second would be old when its turn comes."""
    one = dispatch()
    send(one, "a", 0)
    one.located(located("a", 0), 3.0)
    send(one, "a", 1, 3.0)
    assert not one.has_room(3.0)


def test_replays_may_have_more_waiting():
    """Nobody waits for them, and to be idle costs time."""
    one = dispatch(live=False)
    for seq in range(REPLAY_MOST):
        assert send(one, "a", seq) is not None
    assert not one.has_room(0.0)


def test_a_frame_should_take_as_long_as_the_last_ones_did():
    """What is given up was at least so long under way; the next one has twice its time (three times two thirds)."""
    one = dispatch()
    assert send(one, "a", 0) == 0.0
    one.given_up(("a", 1, 0), 0.6)
    assert send(one, "b", 0) == pytest.approx(0.4)
    one.located(located("a", 0), 5.0)
    assert one.sent(("b", 1, 1), "frame-0", 5.0, scan=True, classify=False) >= 5.0


def emotions(source, seq, worker="crops-0"):
    return m.Emotions(**header(source, seq), emotions=[], model="x", worker=worker, classify_ms=1.0)


def test_classifiers_that_are_behind_get_fewer_frames():
    """A frame that is due is not classified while they have enough, counting those on their way at detectors."""
    one = dispatch(detectors=4)
    granted = []
    for seq in range(4):
        granted.append(one.claim_classifier("a", 0.0))
        send(one, "a", seq, classify=granted[-1])
    assert granted == [True, True, False, False]
    one.located(located("a", 0, "crops-0"), 0.1)
    assert not one.claim_classifier("a", 0.1)
    one.classified(emotions("a", 0), 0.2)
    assert one.claim_classifier("a", 0.2)


def test_what_was_given_up_at_a_classifier_still_keeps_it_busy():
    """Until it is done or dropped; at a detector it never gets that far."""
    one = dispatch(detectors=4)
    for seq in range(2):
        send(one, "a", seq, classify=one.claim_classifier("a", 0.0))
    one.located(located("a", 0, "crops-0"), 0.1)
    for seq in range(2):
        one.given_up(("a", 1, seq), 0.5)
    send(one, "a", 2, classify=one.claim_classifier("a", 0.6))
    assert not one.may_classify("a", 0.7)
    one.dropped(m.Dropped(**header("a", 0), worker="crops-0", reason="given up"))
    assert one.claim_classifier("a", 0.8)


def test_nothing_is_reserved_for_ever():
    """Neither for frames whose answers were lost, nor for a classifier that is gone."""
    one = dispatch(detectors=4, classifiers=2)
    for seq in range(4):
        send(one, "a", seq, classify=one.claim_classifier("a", 0.0))
    one.located(located("a", 0, "crops-1"), 0.1)
    assert not one.claim_classifier("a", 0.2)
    one.note(False, "crops/crops-1/", 0.3)
    one.beat(status("crops", pid=0), 0.3)
    assert len(one._classifying) == 4
    one.claim_classifier("a", 0.4)
    assert len(one._classifying) == 3
    one.claim_classifier("a", 100.0)
    assert one._classifying == {}


def grants(sources, detect_s, classify_s, seconds=120.0):
    """How often each of so many sources, served in turn by one detector, gets a frame classified."""
    one, now = dispatch(detectors=1), 0.0
    free_at, got = 0.0, dict.fromkeys(map(str, range(sources)), 0)
    queue: list[Any] = []
    turn = 0
    while now < seconds:
        for worker in ("frame-0", "crops-0"):
            (one.detectors if worker == "frame-0" else one.classifiers).beat(worker, now)
        while queue and queue[0][0] <= now:
            done_at, source, seq = queue.pop(0)
            one.classified(emotions(source, seq), done_at)
            one.answered((source, 1, seq), None)
        source, seq = str(turn % sources), turn
        classify = one.claim_classifier(source, now)
        send(one, source, seq, now, classify=classify)
        now += detect_s
        one.located(located(source, seq, *(["crops-0"] if classify else [])), now)
        if classify:
            got[source] += 1
            free_at = max(free_at, now) + classify_s
            queue.append((free_at, source, seq))
        else:
            one.answered((source, 1, seq), None)
        turn += 1
    return got, turn


@pytest.mark.parametrize(
    ("sources", "detect_s", "classify_s"),
    [(8, 0.16, 0.02), (16, 0.07, 0.02), (4, 0.3, 0.3), (8, 0.333, 0.02), (8, 0.6, 0.7), (8, 0.01, 0.3), (3, 0.03, 0.2)],
)
def test_sources_share_classifiers_evenly_and_use_them(sources, detect_s, classify_s):
    """Whoever is the slower: nearly all is classified that could be, and nobody is left out."""
    got, asked = grants(sources, detect_s, classify_s)
    able = min(asked, 120.0 / classify_s)
    assert sum(got.values()) >= 0.75 * able
    assert min(got.values()) >= 0.5 * sum(got.values()) / sources


def test_replays_are_not_counted():
    """A film beside a camera keeps the classifier busy for ever; the camera is classified all the same."""
    one = dispatch()
    for seq in range(9):
        one.sent(("film", 1, seq), "frame-0", 0.0, scan=True, classify=False)
        one.located(located("film", seq, "crops-0"), 0.1)
    assert one.claim_classifier("camera", 0.2)


def test_without_classifiers_nothing_is_rationed():
    """There is nobody to spare."""
    one = dispatch(classifiers=0)
    assert all(one.claim_classifier("a", 0.0) for _ in range(9))


def test_who_is_silent_is_known():
    """Stopped or hung workers are subscribed and say nothing."""
    one = dispatch()
    one.beat(status("frame", pid=0), 4.0)
    assert one.silent(2.0) == frozenset()
    assert one.silent(4.0) == {"frame-0", "crops-0"}


def test_the_limits_are_those_of_the_sources_there_are():
    """A camera may come and go beside replays."""
    one = dispatch(live=False)
    rooms = []
    for live in (True, False):
        one.serve(live=live)
        rooms.append(one.detectors.room(0.0, one._most))
    assert rooms == [LIVE_MOST, REPLAY_MOST]
    assert one.detectors.slow_s == float("inf")


def test_a_source_that_has_gone_is_waited_for_no_longer():
    """It had been denied a classifier, so that the next free one would be kept for it."""
    one = dispatch()
    for number in range(LIVE_MOST):
        send(one, "a", number, classify=one.claim_classifier("a", 0.0))
    for now in (0.1, 0.2):
        assert not one.claim_classifier("b", now)
    one.answered(("a", 1, 0), None)
    assert not one.claim_classifier("c", 0.25)
    one.forget("b")
    assert one.claim_classifier("c", 0.3)


def test_the_frames_of_a_source_that_has_gone_keep_no_classifier_busy():
    """Nobody hears of them any more."""
    one = dispatch()
    for number in range(LIVE_MOST):
        send(one, "a", number, classify=one.claim_classifier("a", 0.0))
    assert not one.claim_classifier("b", 0.1)
    one.forget("a")
    assert one.claim_classifier("b", 0.2)
