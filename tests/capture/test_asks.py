"""What is asked of a frame, by what came before it and on what terms."""

import numpy as np

from capture.asks import Asks
from capture.cadence import Classified
from capture.dispatch import Terms
from capture.effort import Effort
from capture.hints import Face
from capture.policy import Policy
from capture.sources import Frame
from shared.scene import signature
from tests.capture.made import IMAGE

LIVE, REPLAY = Policy(live=True), Policy(live=False)
FACE = [(1, (1.0, 1.0, 3.0, 3.0))]


def classified(asks, seqs, fps=30):
    """Those of the frames that are asked to be classified."""
    return [seq for seq in seqs if asks.decide(Frame(IMAGE, seq / fps, seq)).classify]


def terms(effort, *, free=True):
    return Terms(effort, claim_classifier=lambda: free, has_room=lambda: True)


def test_every_third_frame_is_classified_in_replay_wherever_it_goes_on():
    """A killed capture that goes on asks for the same frames to be classified."""
    assert classified(Asks(REPLAY), range(12)) == [0, 3, 6, 9]
    resumed = Asks(REPLAY, before=Frame(IMAGE, 4 / 30, 4), classified=Classified(3, 3 / 30, 1))
    assert classified(resumed, range(5, 12)) == [6, 9]


def test_live_classification_is_as_frequent_whatever_was_skipped():
    """With frames skipped, every third still means about 0.1 s at 30 fps, not every multiple of three."""
    assert classified(Asks(LIVE), (1, 2, 4, 5, 7, 8, 10)) == [1, 4, 7, 10]


def test_pictures_far_apart_are_all_classified():
    """The images of a folder, a second apart, each get their emotions."""
    assert classified(Asks(REPLAY), range(5), fps=1) == [0, 1, 2, 3, 4]


def test_a_frame_is_scanned_or_told_where_faces_were():
    """Hints travel only with a frame that is not scanned whole."""
    asks = Asks(Policy(live=False, scan_s=10.0, hint_lag=1))
    first = asks.decide(Frame(IMAGE, 0.0, 0))
    assert (first.scan, first.hints) == (True, [])
    asks.hints.learn(0, 0.0, FACE)
    second = asks.decide(Frame(IMAGE, 0.1, 1))
    assert (second.scan, second.hints) == (False, [Face(1, (1, 1, 3, 3))])


def test_behind_a_cut_frames_are_scanned_also_where_a_killed_capture_goes_on():
    """The first frame of the new scene is compared with the one before it, whoever had sent that."""
    policy = Policy(live=False, scan_s=10.0, hint_lag=1)
    dark, light = np.random.default_rng(1).integers(0, 256, (2, 8, 8, 3)).astype(np.uint8)
    asks = Asks(policy)
    scans = []
    for seq, image in enumerate([dark, dark, light, light]):
        scans.append(asks.decide(Frame(image, seq / 30, seq)).scan)
        asks.hints.learn(seq, seq / 30, [(1, (1.0, 1.0, 9.0, 9.0))])
    assert scans == [True, False, True, False]
    for image, scan in ((dark, False), (light, True)):
        resumed = Asks(policy, Frame(dark, 1 / 30, 1), asks.hints.up_to(1))
        assert resumed.decide(Frame(image, 2 / 30, 2)).scan == scan


def test_what_is_searched_is_decided_by_the_frame_itself():
    """Pictures of a folder have sizes of their own."""
    asks = Asks(LIVE)
    images = [np.zeros((4, side, 3), np.uint8) for side in (320, 4000, 640)]
    own = terms(lambda side: Effort(0.0, side, 3))
    assert [asks.decide(Frame(image, 0.0, n), own).max_side for n, image in enumerate(images)] == [320, 4000, 640]


def test_live_work_is_asked_for_on_terms():
    """What is asked of a frame is less under overload, and a frame is classified only when there is room for it."""
    asks = Asks(Policy(live=True, classify_every=2))
    reduced = Effort(1.0, 640, 4, 3)
    first = asks.decide(Frame(IMAGE, 0.0, 0), terms(lambda _: reduced, free=False))
    assert (first.scan, first.max_side, first.classify) == (True, 640, False)
    asks.hints.learn(0, 0.0, FACE)
    later = [asks.decide(Frame(IMAGE, seq / 30, seq), terms(lambda _: reduced)) for seq in range(1, 7)]
    assert [asked.classify for asked in later] == [True, False, False, False, True, False]
    assert not any(asked.scan for asked in later), "although every frame is to be searched whole, if there is time"


def test_a_frames_signature_travels_with_it():
    """So that it is made once, whoever tells a cut from it."""
    assert Asks(REPLAY).decide(Frame(IMAGE, 0.0, 0)).signature == signature(IMAGE)


def test_a_scanned_frame_is_told_of_known_faces_too():
    """In a crowd those who are followed come first."""
    asks = Asks(Policy(live=False, scan_s=0.25, hint_lag=1))
    asks.decide(Frame(IMAGE, 0.0, 0))
    asks.hints.learn(0, 0.0, FACE)
    asked = asks.decide(Frame(IMAGE, 0.3, 1))
    assert (asked.scan, asked.hints) == (True, [Face(1, (1, 1, 3, 3))])


def test_classified_frames_are_numbered_for_turns():
    """A round is a second, at ten a second ten frames; longer where fewer are classified, to reduce work."""
    asks = Asks(REPLAY)
    asked = [asks.decide(Frame(IMAGE, seq / 30, seq)) for seq in range(7)]
    assert [(one.turn, one.turns) for one in asked if one.classify] == [(0, 1), (1, 10), (2, 10)]
    asks, reduced = Asks(LIVE), terms(lambda _: Effort(0.0, 640, 6, 1))
    asked = [asks.decide(Frame(IMAGE, seq / 30, seq), reduced) for seq in range(13)]
    assert [(one.turn, one.turns) for one in asked if one.classify] == [(0, 1), (1, 10), (2, 10)]
