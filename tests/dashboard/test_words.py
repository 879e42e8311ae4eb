"""dashboard/words.py, waits.py and source.py: few words, each kind its own; rates that go on."""

import msgspec
import pytest

from dashboard.condition import condition_of
from dashboard.state import State
from dashboard.waits import Overdue, Waits
from dashboard.words import faces_words, words_of
from tests.dashboard.made import face, result, source_status, status


def said(missing=None, since_s=3.2, waits=None, **report):
    heard = source_status(**report) if report.get("state") != "silent" else None
    waits = waits or Waits(0.1)
    return words_of(heard, since_s, waits, missing or {}, condition_of(heard, missing or {}, waits))


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ({}, "live"),
        ({"live": False}, "replay"),
        ({"state": "opening"}, "opening"),
        ({"state": "opening", "error": "no route"}, "cannot be opened yet"),
        ({"state": "reconnecting", "since_s": 12.4}, "reconnecting for 12 s"),
        ({"state": "holding"}, "ended"),
        ({"state": "ended"}, "ended"),
        ({"state": "refused", "error": "no such file"}, "refused: no such file"),
        ({"state": "silent", "since_s": 5.0}, "silent for 5 s"),
        ({"overloaded": True, "results_fps": 4.0, "fps": 25.0}, "overloaded: 4 of 25 frames/s are analysed"),
        ({"missing": {"classifier": "silent"}}, "no classifier: faces are not classified (classifier is silent)"),
        ({"missing": {"smoother": "silent"}, "waits": Waits(3.0)}, "no results: smoother is silent"),
        ({"waits": Waits(7.0), "waits_for": "smoother"}, "no result for 7 s, waiting for the smoother"),
        ({"waits": Waits(emotions=6.0)}, "faces are not classified for 6 s"),
        ({"waits": Waits(frames=9.0, gap_s=0.04)}, "no frame for 9 s"),
        ({"error": "no recorder has said ack/cam0/"}, "no results: no recorder has said ack/cam0/"),
    ],
)
def test_each_state_in_its_own_words(report, words):
    """What a tile says; what is wrong goes before what is not."""
    assert said(**report) == words


def test_words_about_faces_are_distinct():
    """Nothing is said where confirmed faces are listed."""
    unconfirmed = face(track_id=None)
    words = [
        faces_words(newest)
        for newest in (
            None,
            result(1),
            result(1, faces=(unconfirmed,)),
            result(1, faces=(unconfirmed, unconfirmed)),
            result(1, faces=(unconfirmed, face())),
            msgspec.structs.replace(result(1, faces=(face(),)), left_out=3),
        )
    ]
    assert words == [
        "not looked at yet",
        "no face",
        "a face, not yet confirmed",
        "2 faces, not yet confirmed",
        None,
        "3 more faces are not followed (AFFECT_MAX_FACES)",
    ]


def test_a_frame_that_was_given_up_says_nothing_about_faces():
    """It was not looked at: the words are those of the last one that was."""
    state = State()
    state.hear(result(1, faces=(face(),)), 0.0)
    state.hear(msgspec.structs.replace(result(2), size=None, complete=False), 0.1)
    assert state.snapshot(0.2).sources[0].faces_words is None


def test_rates_do_not_begin_anew_at_each_loop_of_a_film():
    """Neither that of the results nor that of the frames, of which the capture knows nothing for half a second."""
    state = State()
    for number in range(100):
        now = number / 25
        if number % 25 == 0:
            fps = 0.0 if number == 75 else 25.0
            state.hear(status("capture", sources=[source_status(fps=fps, epoch=1 + number // 75)]), now)
        state.hear(result(number % 75, epoch=1 + number // 75), now)
        if number > 25:
            view = state.snapshot(now).sources[0]
            assert (view.fps, view.results_per_s) == (25.0, pytest.approx(25, abs=0.6))


def test_there_are_never_more_results_than_frames():
    """Not in the first second either, when the capture has not measured anything."""
    state = State()
    state.hear(status("capture", sources=[source_status(fps=0.0)]), 0.0)
    for number in range(25):
        state.hear(result(number), number / 25)
        view = state.snapshot(number / 25).sources[0]
        assert view.fps >= view.results_per_s
    assert view.results_per_s == 25.0


def test_sources_come_in_the_order_of_their_captures():
    """As given, not by the alphabet; one that no capture lists comes last, while there is none that could list it."""
    state = State()
    state.hear(result(0, "aisle"), 0.0)
    second = status("capture", pid=1, name="capture.2", sources=[source_status("door")])
    first = status("capture", pid=2, name="capture.1", sources=[source_status("yard"), source_status("hall")])
    for message in (second, first, second):
        state.hear(message, 0.0)
    assert [view.source for view in state.snapshot(0.0).sources] == ["yard", "hall", "door"]
    assert [view.source for view in state.snapshot(3.1).sources] == ["yard", "hall", "door", "aisle"]


def overdue(*steps, at):
    waits = Overdue()
    for now, heard in steps:
        (waits.take if hasattr(heard, "faces") else waits.expect)(heard, now)
    return waits.at(at)


def test_a_classifier_that_answers_nothing_is_noticed():
    """Frames in between are complete without emotions; a face that is classified ends it, and so does nobody."""
    stuck = msgspec.structs.replace(result(1, faces=(face(probs=None),)), complete=False)
    between = msgspec.structs.replace(result(2, faces=(face(probs=None),)), classified=False)
    steps = [(0.0, source_status()), (1.0, stuck), (2.0, between), (3.0, stuck)]
    assert overdue(*steps, at=7.5).emotions == 6.5
    assert overdue(*steps, (4.0, result(4, faces=(face(),))), at=7.5).emotions is None
    assert overdue(*steps, (4.0, result(4)), at=7.5).emotions is None


def test_a_camera_that_delivers_nothing_is_noticed():
    """It is running, says its capture, and no frame comes; a picture every ten minutes is no such camera."""
    hangs = source_status(fps=0.0, unfinished=0)
    steps = [(0.0, source_status()), (0.1, result(1)), (0.2, result(2)), (6.0, hangs), (7.0, hangs)]
    waits = overdue(*steps, at=9.0)
    assert waits.frames == 8.0
    assert condition_of(hangs, {}, waits).words == "No frame has come from the source for 8 s."
    assert overdue(*steps, (9.0, result(3)), at=9.5).frames is None, "one came"
    rare = overdue((0.0, result(0)), (6.0, hangs), (600.0, msgspec.structs.replace(result(1), pts=600.0)), at=900.0)
    assert condition_of(hangs, {}, rare).level == "ok"


def test_the_last_frames_of_a_recording_are_due_as_well():
    """It is over, and still nobody has answered them."""
    last = source_status(state="holding", fps=0.0, unfinished=3, waits_for="smoother")
    assert condition_of(last, {}, overdue((0.0, last), at=4.0)).words == "The recording is over."
    assert "No result for 6 s" in condition_of(last, {}, overdue((0.0, last), at=6.0)).words
