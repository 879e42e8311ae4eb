"""The window: bounded, ordered, resent, acknowledged."""

from capture.flight import MAX_FAILURES
from capture.policy import Policy
from capture.window import Window, travelling_alone
from tests.capture.made import TWO, admit, faces, send_all

LIVE, REPLAY = Policy(live=True), Policy(live=False)


def test_room_is_counted_in_frames_and_bytes():
    """A window of huge frames is smaller; one frame always fits."""
    window = Window(Policy(live=False, max_bytes=100))
    assert window.has_room(3, next_bytes=1000)
    admit(window, 0)
    assert window.has_room(3, next_bytes=52)
    assert not window.has_room(3, next_bytes=53)
    assert not window.has_room(1, next_bytes=1)


def test_frames_that_wait_for_the_recorder_leave_room():
    """Workers go on meanwhile; but not for ever, as a recorder may have died."""
    window = Window(Policy(live=False, ack="recorder"))
    for seq in range(4):
        assert window.has_room(2, next_bytes=1)
        admit(window, seq)
        send_all(window)
        if seq % 2:
            assert not window.has_room(2, next_bytes=1)
            window.answered(seq - 1, 0.1)
            window.answered(seq, 0.1)
    assert not window.has_room(2, next_bytes=1)
    window.recorded(0)
    assert window.has_room(2, next_bytes=1)


def test_a_replay_with_hints_waits_for_those_they_come_from():
    """Else a frame's hints, and so its result, would depend on who was quick."""
    window = Window(Policy(live=False, scan_s=0.25, hint_lag=3))
    for seq in range(3):
        admit(window, seq)
    send_all(window)
    assert not window.knows_hints_for(3)
    window.answered(1, 0.1)
    window.answered(2, 0.1)
    assert not window.knows_hints_for(3), "frame 0 is not answered"
    window.answered(0, 0.2)
    assert window.knows_hints_for(3)


def test_live_takes_the_hints_there_are():
    """A camera waits for nobody."""
    window = Window(Policy(live=True, scan_s=0.25, hint_lag=3))
    admit(window, 0)
    assert window.knows_hints_for(3)


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


def test_a_worker_that_leaves_gives_its_frames_back_at_once():
    """No time-out is waited for when it is known that nobody works on a frame."""
    window = Window(REPLAY)
    for seq in range(4):
        admit(window, seq)
    first, second = list(window.to_send())[:2]
    window.sent(first, "detector-a-1", 0.0)
    window.sent(second, "detector-b-1", 0.0)
    window.located(faces(first, classifiers=TWO), 0.1, TWO)
    window.lost("detector-a-1")
    assert not first.waiting, "it was done with it"
    window.lost("classifier-b-2")
    assert (first.waiting, first.failed_on) == (True, {"classifier-b-2"})
    assert not second.waiting


def test_crops_given_to_a_classifier_that_has_left_are_sent_again_at_once():
    """A detector may learn later than the capture that a classifier is gone."""
    window = Window(REPLAY)
    flight = admit(window, 0)
    send_all(window)
    window.located(faces(flight, classifiers=TWO), 0.1, TWO[:1])
    assert flight.waiting


def test_three_failures_and_a_replay_gives_up():
    """A frame that kills every worker is given up, said so until it is answered, and the rest goes on."""
    window = Window(REPLAY)
    poison = admit(window, 0)
    for worker in range(MAX_FAILURES):
        assert poison.gone is None
        send_all(window, float(worker), f"detector-a-{worker}")
        window.lost(f"detector-a-{worker}")
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
    window.located(faces(flights[3]), 0.1, TWO)
    window.lost("detector-a-1")
    window.resend_all()
    assert window.suspects() == flights[:3]
    assert travelling_alone([window]) is flights[0]
    window.sent(flights[1], "detector-b-1", 1.0)
    assert travelling_alone([window]) is flights[1], "until it is known what became of it"
    assert list(window.to_send(alone=flights[1])) == []
    window.answered(1, 1.2)
    assert window.suspects() == [flights[0], flights[2]]
    assert [flight.seq for flight in window.to_send(alone=flights[2])] == [2]
    assert [flight.seq for flight in window.to_send()] == [0, 2, 3]


def test_what_a_suspect_waits_for_travels_with_it():
    """A frame before it, whose crops went to a classifier that had just left, is sent again; else neither would end."""
    window = Window(REPLAY)
    first, suspect, _ = (admit(window, seq) for seq in range(3))
    send_all(window)
    window.located(faces(suspect), 0.1, TWO)
    window.lost("classifier-a-2")
    window.located(faces(first, classifiers=("classifier-a-2",)), 0.1, members=())
    assert first.waiting
    assert not first.is_suspect
    assert list(window.to_send(alone=suspect)) == [first, suspect]


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


def test_a_source_that_just_stops_is_closed_with_an_end():
    """Viewers learn that a run is over even when its last frame could not be known."""
    window = Window(LIVE)
    admit(window, 4)
    flight = window.close(0.2, 0, 1.0)
    assert (flight.seq, flight.prev, flight.pts, flight.end, flight.gone) == (5, 4, 0.2, True, "ended")
    assert Window(LIVE).close(0.0, 0, 1.0).seq == 0


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
