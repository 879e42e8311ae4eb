"""The motion filter: foresight, and time that can be cut anywhere."""

import numpy as np
import pytest

from smoother import motion

FACE = np.array([[100.0, 100.0, 180.0, 200.0]])


def followed(boxes, dt):
    """The state after seeing these boxes one after another."""
    state = motion.start(motion.measure(boxes[0]))
    for box in boxes[1:]:
        state = motion.correct(motion.predict(state, dt), motion.measure(box))
    return state


def test_a_steady_walk_is_foreseen():
    """After half a second of constant speed the next frame is predicted to a fiftieth of the face's height."""
    walk = [FACE + 5.0 * step for step in range(15)]
    expected = motion.predict(followed(walk, 1 / 30), 1 / 30)
    offset, _, growth, _ = motion.distances(expected, motion.measure(FACE + 75.0))
    assert offset.item() < 0.02
    assert growth.item() < 0.01


@pytest.mark.parametrize("parts", [2, 5, 40])
def test_prediction_does_not_depend_on_the_frame_rate(parts):
    """Predicting in parts is predicting at once: hidden frames and gaps in `pts` mean the same."""
    state = followed([FACE + 9.0 * step for step in range(10)], 1 / 30)
    state[:, 1, 2:] = 0.0  # the centre's noise follows the height, so a changing one is another process
    split = state
    for _ in range(parts):
        split = motion.predict(split, 0.8 / parts)
    np.testing.assert_allclose(split, motion.predict(state, 0.8), rtol=1e-9, atol=1e-12)


def test_a_hidden_face_does_not_run_away():
    """A velocity fades: an hour later the face is still where a second's walk would lead."""
    state = followed([FACE + 5.0 * step for step in range(15)], 1 / 30)
    moved = motion.predict(state, 3600.0)[0, 0, :2] - state[0, 0, :2]
    np.testing.assert_allclose(moved, 150.0, rtol=0.1)


def test_variances_stay_positive_and_grow_in_the_dark():
    """Whatever the steps, the filter stays a filter: positive variances, larger the longer nothing is seen."""
    state = followed([FACE, FACE + 2, FACE + 1], 1e-9)
    last = motion.distances(state, motion.measure(FACE))[1].item()
    for dt in (0.0, 1e-12, 1e-3, 0.1, 10.0):
        state = motion.predict(state, dt)
        spread = motion.distances(state, motion.measure(FACE))[1].item()
        assert np.isfinite(state).all()
        assert (state[:, (2, 4)] > 0).all()
        assert spread >= last
        last = spread


def test_boxes_without_area_are_measured():
    """A degenerate box is one pixel, not minus infinity."""
    assert motion.measure(np.array([[5.0, 5.0, 5.0, 4.0]])).tolist() == [[5.0, 4.5, 0.0, 0.0]]
