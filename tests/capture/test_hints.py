"""What a frame is told of the faces in it, as a function of results and frame numbers alone."""

import msgspec
import pytest

from capture.hints import Hints, Seen

LEFT, RIGHT = (10.0, 10.0, 50.0, 60.0), (200.0, 10.0, 240.0, 60.0)


def result(seq, *boxes, track_id=None):
    """A result with faces in these boxes, of no track or all of one."""
    return seq, seq / 30, [(track_id, box) for box in boxes]


def knowing(*results, lag=1, scan_every=5):
    """Hints that have learnt from these results."""
    hints = Hints(lag, scan_every)
    for one in results:
        hints.learn(*one)
    return hints


def test_hints_are_the_faces_last_seen():
    """The newest box of a face, in whole pixels; each face once."""
    moved = (12.4, 10.0, 52.6, 60.0)
    hints = knowing(result(0, LEFT, RIGHT), result(1, moved, RIGHT))
    assert hints.of(2) == [(12.0, 10.0, 53.0, 60.0), RIGHT]


def test_a_face_missed_for_a_moment_is_still_looked_for():
    """Half a second long; then it is forgotten."""
    hints = knowing(result(0, LEFT, RIGHT), *(result(seq, RIGHT) for seq in range(1, 16)))
    assert hints.of(16) == [RIGHT, LEFT]
    hints.learn(*result(16, RIGHT))
    assert hints.of(17) == [RIGHT]


def test_a_face_that_moves_leaves_no_trail():
    """Its track tells that the places where it was are not places where somebody is."""
    places = [(10.0 + 30 * seq, 10.0, 50.0 + 30 * seq, 60.0) for seq in range(5)]
    tracked = knowing(*(result(seq, box, track_id=7) for seq, box in enumerate(places)))
    assert tracked.of(5) == [places[-1]]
    unconfirmed = knowing(*(result(seq, box) for seq, box in enumerate(places)))
    assert len(unconfirmed.of(5)) > 1


def test_hints_do_not_depend_on_what_is_known_too_early():
    """In replay a frame's hints are those of a fixed number of frames before, in whatever order results came."""
    one = knowing(result(0, LEFT), lag=4)
    other = knowing(result(2), result(1, RIGHT), result(0, LEFT), result(3), lag=4)
    assert one.of(4) == other.of(4) == [LEFT]


@pytest.mark.parametrize(
    ("seq", "prev", "passed_s", "due"),
    [(5, 4, 0.03, True), (6, 5, 0.03, False), (9, 8, 0.03, False), (11, 9, 0.06, True), (6, 5, 0.1, True)],
)
def test_every_fifth_frame_is_scanned_and_each_that_comes_rarely(seq, prev, passed_s, due):
    """Also where live frames between were skipped."""
    hints = knowing(*(result(known, LEFT) for known in range(prev + 1)))
    assert hints.scan_is_due(seq, prev, passed_s) is due


def test_while_nothing_is_known_everything_is_scanned():
    """The first frames, and in replay the first after them too."""
    assert knowing().scan_is_due(0, None, 0.0)
    assert knowing(result(0), lag=4).scan_is_due(3, 2, 0.03)
    assert not knowing(result(0), lag=4).scan_is_due(4, 3, 0.03)


def test_hints_can_be_switched_off():
    """Every frame is scanned, and nothing is kept."""
    hints = knowing(result(0, LEFT), scan_every=1)
    assert hints.scan_is_due(1, 0, 0.03)
    assert hints.up_to(0) == ()


@pytest.mark.parametrize("acked", [3, 20, 39])
def test_a_successor_gives_the_same_hints(acked):
    """What is written down for the frames behind `acked` is enough, and stays small."""
    results = [result(seq, *[LEFT] * (seq % 7 == 0), *[RIGHT] * (seq % 3 == 0)) for seq in range(60)]
    whole = knowing(*results, lag=4)
    before = knowing(*results[: acked + 3], lag=4)
    written = msgspec.json.decode(msgspec.json.encode(before.up_to(acked)), type=tuple[Seen, ...])
    assert len(written) <= 15 + 4 + 1
    after = Hints(4, 5, written)
    for seq in range(acked + 1, 60):
        assert after.of(seq) == whole.of(seq)
        after.learn(*results[seq])
