"""What a frame is told of the faces in it, as a function of results and frame numbers alone."""

from itertools import pairwise

import msgspec
import numpy as np
import pytest

from capture.hints import Hints, Seen

DARK, LIGHT = np.random.default_rng(3).integers(0, 256, (2, 192)).tolist()
LEFT, RIGHT = (10.0, 10.0, 50.0, 60.0), (200.0, 10.0, 240.0, 60.0)


def result(seq, *boxes, track_id=None):
    """A result with faces in these boxes, of no track or all of one."""
    return seq, seq / 30, [(track_id, box) for box in boxes]


def knowing(*results, lag=1, scan_s=0.25):
    """Hints that have learnt from these results."""
    hints = Hints(lag, scan_s)
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


@pytest.mark.parametrize("fps", [1, 4, 10, 15, 25, 29.97, 60])
def test_a_whole_frame_is_searched_four_times_a_second(fps):
    """At any rate; a source with fewer frames than that is searched whole always."""
    hints = knowing(result(0, LEFT))
    due = [seq / fps for seq in range(2, 300) if hints.scan_is_due(seq, seq / fps, (seq - 1) / fps)]
    assert max(b - a for a, b in pairwise(due)) <= max(0.25, 1 / fps) + 1 / fps
    assert len(due) == pytest.approx(298 * min(1, 4 / fps), abs=2)


def test_skipped_frames_put_no_scan_off():
    """Live, the frame that would have been scanned may be one that was replaced."""
    assert knowing(result(0, LEFT)).scan_is_due(11, 0.37, 0.2)


def test_while_nothing_is_known_everything_is_scanned():
    """The first frames, and in replay the first after them too."""
    assert knowing().scan_is_due(0, 0.0, None)
    assert knowing(result(0), lag=4).scan_is_due(3, 0.1, 0.07)
    assert not knowing(result(0), lag=4).scan_is_due(4, 0.13, 0.1)


def test_hints_can_be_switched_off():
    """Every frame is scanned, and nothing is kept."""
    hints = knowing(result(0, LEFT), scan_s=0.0)
    assert hints.scan_is_due(1, 0.03, 0.0)
    assert hints.up_to(0) == ()


@pytest.mark.parametrize("scene", [1, 3, 20, 1000])
@pytest.mark.parametrize("lag", [1, 4])
def test_a_long_video_costs_no_memory(lag, scene):
    """Only the last half second is kept, live and in replay, however often the scene changes."""
    hints = knowing(lag=lag)
    for seq in range(1000):
        hints.note(seq, (DARK, LIGHT)[seq // scene % 2])
        hints.learn(*result(seq, LEFT))
        hints.forget_before(seq)
        assert len(hints.up_to(seq)) <= 16 + lag
    assert len(hints._seen) <= 16 + lag


def test_another_size_is_a_cut():
    """Known faces are worthless where the frame's size changes, though its colours do not; unknown is no change."""
    hints = knowing(*(result(seq, LEFT) for seq in range(8)), lag=3)
    for seq in range(12):
        hints.note(seq, DARK, None if seq == 0 else (64, 36) if seq < 8 else (36, 64))
    assert not hints.scan_is_due(7, 0.24, 0.235)
    assert [hints.scan_is_due(seq, 0.30, 0.29) for seq in range(8, 12)] == [True, True, True, True]


def test_a_cut_makes_all_known_faces_worthless():
    """Behind it everything is scanned until a result from behind it counts, whatever is heard late from before it."""
    hints = knowing(*(result(seq, LEFT) for seq in range(8)), lag=3)
    for seq in range(12):
        hints.note(seq, DARK if seq < 8 else LIGHT)
    assert not hints.scan_is_due(7, 0.24, 0.235)
    assert [hints.scan_is_due(seq, 0.30, 0.29) for seq in range(8, 12)] == [True, True, True, True]
    hints.learn(*result(8, RIGHT))
    assert not hints.scan_is_due(11, 0.30, 0.29)
    assert hints.of(11) == [RIGHT]
    assert hints.of(7) == [LEFT], "a frame of the scene before is still told of its own"


@pytest.mark.parametrize("cut", [(), (21,), (18, 19, 22), (24,)])
@pytest.mark.parametrize("acked", [3, 20, 39])
def test_a_successor_gives_the_same_hints(acked, cut):
    """What is written down for the frames behind `acked` is enough, and stays small; with cuts before and behind it."""
    results = [result(seq, *[LEFT] * (seq % 7 == 0), *[RIGHT] * (seq % 3 == 0)) for seq in range(60)]
    colours = [(DARK, LIGHT)[sum(seq >= at for at in cut) % 2] for seq in range(60)]
    whole, before = Hints(4, 0.25), Hints(4, 0.25)
    for seq in range(60):
        whole.note(seq, colours[seq])
        whole.learn(*results[seq])
        if seq < acked + 5:
            before.note(seq, colours[seq])
        if seq < acked + 3:
            before.learn(*results[seq])
    written = msgspec.json.decode(msgspec.json.encode(before.up_to(acked)), type=tuple[Seen, ...])
    assert len(written) <= 15 + 4 + 1
    after = Hints(4, 0.25, written, colours[acked])
    for seq in range(acked + 1, 60):
        after.note(seq, colours[seq])
        assert after.of(seq) == whole.of(seq)
        assert after.scan_is_due(seq, 1.01, 1.0) == whole.scan_is_due(seq, 1.01, 1.0)
        after.learn(*results[seq])
