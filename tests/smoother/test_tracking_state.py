"""The tracker as a function of plain data: written down, taken up again, whatever comes in."""

import math
import time

import msgspec
import numpy as np
import pytest

from smoother.tracking import Tracks, fold, track

CALM = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
HAPPY = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


def history(count=80, faces=6, seed=5):
    """Frames of wandering, vanishing, doubtful faces at irregular times, in a light that changes now and then."""
    rng = np.random.default_rng(seed)
    centres, speeds = rng.uniform(0, 1200, (faces, 2)), rng.normal(0, 120, (faces, 2))
    sides, scenes = rng.uniform(40, 160, (faces, 1)), rng.integers(0, 255, (2, 192)).tolist()
    looks = rng.integers(0, 256, (faces, 256))
    pts = 0.0
    for step in range(count):
        dt = float(rng.choice([0.0, 0.02, 0.04, 0.3]))
        pts += dt
        centres = centres + speeds * dt
        there = rng.random(faces) < 0.85
        corners = centres[there] + rng.normal(0, 2, (there.sum(), 2))
        boxes = np.concatenate((corners - sides[there] / 2, corners + sides[there] / 2), axis=1)
        noise = rng.normal(0, 12, (len(boxes), 256))
        thumbnails = [one.tobytes() for one in (looks[there] + noise).clip(0, 255).astype(np.uint8)]
        yield boxes, rng.choice([0.6, 0.9, 0.99, 1.0], there.sum()), pts, scenes[step // 3 % 5 == 4], thumbnails


def follow(state, frame):
    """One frame through track and fold."""
    boxes, confidence, pts, scene, thumbnails = frame
    state, assigned = track(state, boxes, confidence, pts, scene, thumbnails=thumbnails)
    listed = [index for index in assigned if index is not None]
    return fold(state, dict.fromkeys(listed, HAPPY if len(listed) % 2 else CALM), pts), assigned


def test_a_state_written_down_at_any_frame_goes_on_identically():
    """Through MessagePack and back at every frame: equal bit for bit, and so is all that follows."""
    through, taken_up = Tracks(), Tracks()
    for frame in history():
        through, expected = follow(through, frame)
        taken_up, assigned = follow(msgspec.msgpack.decode(msgspec.msgpack.encode(taken_up), type=Tracks), frame)
        assert assigned == expected
        assert taken_up == through
    assert through.next_id > 6


def test_the_same_history_gives_the_same_state():
    """No randomness and no hidden memory; the state that went in is left as it was."""
    first = Tracks()
    for frame in history():
        before = msgspec.msgpack.encode(first)
        again, _ = follow(first, frame)
        assert msgspec.msgpack.encode(first) == before
        first, _ = follow(first, frame)
        assert first == again


def test_the_order_of_the_boxes_does_not_matter():
    """Detectors may list faces in any order: the same tracks, each box with the same one."""
    rng = np.random.default_rng(11)
    straight, shuffled = Tracks(), Tracks()
    for boxes, confidence, pts, scene, thumbnails in history():
        order = rng.permutation(len(boxes))
        straight, expected = track(straight, boxes, confidence, pts, scene, thumbnails=thumbnails)
        other = [thumbnails[n] for n in order]
        shuffled, assigned = track(shuffled, boxes[order], confidence[order], pts, scene, thumbnails=other)
        assert assigned == [expected[n] for n in order]
        assert shuffled == straight


def test_every_index_is_a_track_of_its_own():
    """No two boxes share a track, no two tracks an id, and ids only grow."""
    state, last = Tracks(), 1
    for frame in history(faces=25, seed=8):
        state, assigned = follow(state, frame)
        listed = [index for index in assigned if index is not None]
        ids = [face.track_id for face in state.tracks if face.track_id is not None]
        assert len(listed) == len(set(listed))
        assert len(ids) == len(set(ids))
        assert state.next_id >= last
        assert all(math.isfinite(value) for face in state.tracks for value in face.motion)
        last = state.next_id


def test_sixty_faces_are_followed_fast_and_right():
    """A crowd costs a few milliseconds of processor time a frame, and nobody is mixed up."""
    rng = np.random.default_rng(2)
    centres = np.stack(np.meshgrid(np.arange(10) * 180.0, np.arange(6) * 180.0), axis=-1).reshape(-1, 2)
    speeds, state, rows, spent = rng.normal(0, 30, (60, 2)), Tracks(), set(), []
    for step in range(40):
        corners = centres + speeds * step / 30
        began = time.thread_time()
        state, assigned = track(
            state, np.concatenate((corners - 40, corners + 40), axis=1), np.full(60, 0.99), step / 30
        )
        spent.append(time.thread_time() - began)
        assert sorted(assigned) == list(range(60))  # type: ignore[type-var]
        rows.add(tuple(assigned))
    assert len(rows) == 1
    assert state.next_id == 61
    assert sorted(spent)[20] < 0.1


@pytest.mark.parametrize(
    "boxes",
    [
        [(0, 0, 0, 0)],
        [(50, 50, 40, 40)],
        [(-1e9, -1e9, 1e9, 1e9)],
        [(0, 0, 1e-9, 1e9), (5, 5, 6, 6)],
    ],
)
def test_odd_boxes_leave_the_state_finite(boxes):
    """Empty, inverted and giant boxes are measured like others; time may stand still or run back."""
    state = Tracks()
    for pts in (0.0, 0.0, 0.1, 0.05, 1e6, 1e6 + 0.1):
        state, _ = track(state, boxes, [0.99] * len(boxes), pts)
        assert all(math.isfinite(value) for face in state.tracks for value in face.motion)


def test_a_confidence_that_is_no_number_starts_nothing():
    """NaN is not high."""
    state, assigned = track(Tracks(), [(0, 0, 10, 10)], [math.nan], 0.0)
    assert assigned == [None]
    assert state.tracks == ()


def test_probabilities_are_smoothed_from_the_first_look():
    """An unconfirmed face has smoothed values too, and they go on when it gets its id."""
    state = Tracks()
    for count, probs in enumerate((CALM, None, None, HAPPY)):
        state, assigned = track(state, [(0, 0, 80, 100)], [0.99], count / 30)
        state = fold(state, {assigned[0]: probs} if probs else {}, count / 30)  # type: ignore[dict-item]
        if count == 0:
            assert (state.tracks[0].track_id, state.tracks[0].smoothed) == (None, CALM)
    only = state.tracks[0]
    assert only.track_id == 1
    assert only.smoothed[3:5] == pytest.approx((0.3, 0.7))
    assert (only.first_pts, only.classified_pts) == (0.0, 0.1)


def test_folding_touches_only_the_named_tracks():
    """Faces that were not classified keep what they had."""
    state, _ = track(Tracks(), [(0, 0, 80, 100), (400, 0, 480, 100)], [0.99, 0.99], 0.0)
    state = fold(state, {1: HAPPY}, 0.0, a=0.5)
    assert [face.smoothed for face in state.tracks] == [None, HAPPY]
    assert [face.classified_pts for face in state.tracks] == [None, 0.0]
