"""One frame's state machine: each event from each phase."""

import pytest

from capture.asks import Asked
from capture.flight import MAX_FAILURES, Flight, Phase
from tests.capture.made import IMAGE

DETECTOR, CLASSIFIER = "detector-a-1", "classifier-a-2"

EVENTS = {
    "sent": lambda flight: flight.sent(DETECTOR, 1.0, timeout_s=5.0, deadline_s=0.5),
    "located": lambda flight: flight.located(DETECTOR, [CLASSIFIER]),
    "located, no crops": lambda flight: flight.located(DETECTOR, []),
    "located by another": lambda flight: flight.located("detector-z-9", []),
    "classified": lambda flight: flight.classified(CLASSIFIER),
    "classified by another": lambda flight: flight.classified("classifier-z-9"),
    "answered": lambda flight: flight.answered(timeout_at=9.0),
    "dropped by the detector": lambda flight: flight.dropped(DETECTOR),
    "dropped by the classifier": lambda flight: flight.dropped(CLASSIFIER),
    "give up": lambda flight: flight.give_up("deadline"),
    "resend": lambda flight: flight.resend(),
}
WAYS = {
    Phase.NEW: [],
    Phase.DETECTING: ["sent"],
    Phase.CLASSIFYING: ["sent", "located"],
    Phase.WHOLE: ["sent", "located", "classified"],
    Phase.GIVEN_UP: ["sent", "give up"],
    Phase.TOLD: ["sent", "give up", "sent"],
    Phase.ANSWERED: ["sent", "located", "answered"],
}
N, D, C, W, G, T, A = Phase
LIVE = {
    "from": [N, D, C, W, G, T, A],
    "sent": [D, D, D, D, T, T, A],
    "located": [N, C, C, C, G, T, A],
    "located, no crops": [N, W, W, W, G, T, A],
    "located by another": [N, D, C, W, G, T, A],
    "classified": [N, D, W, W, G, T, A],
    "classified by another": [N, D, C, W, G, T, A],
    "answered": [A, A, A, A, A, A, A],
    "dropped by the detector": [N, G, C, W, G, T, A],
    "dropped by the classifier": [N, D, G, W, G, T, A],
    "resend": [N, D, C, W, G, T, A],
}


def flight(phase, live=True):
    made = Flight(7, 5, 0.2, 0, 0.0, IMAGE, Asked(), live)
    for event in WAYS[phase]:
        EVENTS[event](made)
    assert made.phase is phase
    return made


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("event", LIVE.keys() - {"from"})
def test_an_event_leads_from_a_phase_to_the_next(phase, event):
    """What is heard late, twice, or of a worker that does not have the frame changes nothing."""
    one = flight(phase)
    EVENTS[event](one)
    assert one.phase is LIVE[event][LIVE["from"].index(phase)]


@pytest.mark.parametrize(
    ("phase", "waiting", "holders", "waits_for"),
    [
        (N, True, set(), "detector"),
        (D, False, {DETECTOR}, "detector"),
        (C, False, {CLASSIFIER}, "classifier"),
        (W, False, set(), "smoother"),
        (G, True, set(), "smoother"),
        (T, False, set(), "smoother"),
        (A, False, set(), "recorder"),
    ],
)
def test_a_phase_tells_who_has_the_frame(phase, waiting, holders, waits_for):
    """And once it has to be sent again, nobody has."""
    one = flight(phase)
    assert (one.waiting, set(one.holders), one.waits_for) == (waiting, holders, waits_for)
    assert one.is_awaited == (phase in (N, D, C, W))
    assert one.is_news == (phase is G)
    one.resend()
    assert (one.waiting, set(one.holders)) == (True, set())


def test_all_classifiers_have_to_be_done():
    """A frame's crops may be shared out."""
    one = flight(D)
    one.located(DETECTOR, [CLASSIFIER, "classifier-b-2"])
    one.classified(CLASSIFIER)
    assert (one.phase, set(one.holders)) == (C, {"classifier-b-2"})


@pytest.mark.parametrize(("live", "phase", "gone"), [(True, G, "deadline"), (False, D, None)])
def test_what_a_worker_dropped_is_over_or_goes_elsewhere(live, phase, gone):
    """It says so; nobody waits for a deadline or a time-out."""
    one = flight(D, live)
    one.dropped(DETECTOR)
    assert (one.phase, one.gone, one.waiting) == (phase, gone, True)


def test_three_failures_are_the_last():
    """A frame that kills every worker is given up, and its pixels freed; only who had it is blamed."""
    one = flight(N, live=False)
    for number in range(MAX_FAILURES):
        assert one.gone is None
        one.sent(f"detector-a-{number}", 1.0, 5.0, 0.5)
        one.blamed("detector-z-9")
        assert (one.failures, one.waiting) == (number, False)
        one.blamed(f"detector-a-{number}")
        assert one.waiting
    assert (one.phase, one.gone, one.image) == (G, "failed", None)
    assert one.avoid == {"detector-a-0", "detector-a-1", "detector-a-2"}
    assert not one.is_suspect


def test_a_suspect_is_one_until_it_is_answered():
    """Then it is known to have killed nobody."""
    one = flight(D, live=False)
    one.blamed(DETECTOR)
    assert one.is_suspect
    one.answered(9.0)
    assert not one.is_suspect


def test_a_run_that_just_ended_is_no_news():
    """Nothing was lost."""
    one = flight(N)
    one.give_up("ended")
    assert not one.is_news


def test_how_long_it_took_is_known_of_what_was_sent_once():
    """Sent twice, it is unknown which was answered; and when workers are done, the wait is not theirs."""
    assert flight(N).took_s(3.0) is None
    one = flight(C)
    assert (one.took_s(3.0), one.worked_s(3.0)) == (2.0, 2.0)
    one.classified(CLASSIFIER)
    assert one.worked_s(3.0) == 0.0
    EVENTS["sent"](one)
    assert one.took_s(3.0) is None


@pytest.mark.parametrize(
    ("live", "phase", "timeout_at", "deadline_at"),
    [(True, D, float("inf"), 1.5), (False, D, 6.0, float("inf")), (True, T, 6.0, 1.5), (True, A, 9.0, 1.5)],
)
def test_live_has_a_deadline_and_replay_a_time_out(live, phase, timeout_at, deadline_at):
    """Live only what is decided is sent again, until it is heard."""
    one = flight(phase, live)
    assert (one.timeout_at, one.deadline_at) == (timeout_at, deadline_at)


def test_times_are_moved_one_way():
    """What extends does not hasten, and the other way round; without a deadline there is none to hasten."""
    live, replay = flight(D), flight(D, live=False)
    live.extend(1.0)
    live.hasten(deadline_at=2.0)
    assert live.deadline_at == 1.5
    live.extend(4.0)
    live.hasten(deadline_at=3.0)
    assert live.deadline_at == 3.0
    replay.hasten(deadline_at=3.0, timeout_at=2.0)
    assert (replay.deadline_at, replay.timeout_at) == (float("inf"), 2.0)
    replay.progress(4.0)
    assert replay.timeout_at == 9.0
    replay.resend()
    replay.progress(5.0)
    assert replay.timeout_at == 9.0
