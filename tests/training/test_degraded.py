"""Conditions of the frame: where a face goes when its frame is rolled or shrunk."""

import numpy as np
import pytest

from training.degraded import CLEAN, STRENGTHS, Place, _moved, in_frame, ways
from training.view import BORDER, ENLARGED


def spot(frame: np.ndarray) -> np.ndarray:
    """The centre of what is bright in a frame."""
    down, across = np.nonzero(frame[..., 0] > frame.max() / 2)
    return np.array([across.mean(), down.mean()])


@pytest.mark.parametrize(("condition", "side"), [(CLEAN, 384), ("small", 24), ("rolled", 384), ("blur", 384)])
def test_points_move_with_their_frame(condition: str, side: int) -> None:
    """A bright spot is where its place is moved to."""
    image = np.zeros((48, 48), np.uint8)
    image[18:22, 10:14] = 255
    at = np.array([12.0, 20.0]) * ENLARGED / 48 + BORDER
    frame, moved = in_frame(image, condition, 1.0)
    assert frame.shape == (side, side, 3)
    place = _moved(Place(np.concatenate([at - 16, at + 24]), np.tile(at, (5, 1)), found=True), moved)
    tolerance = 1.5 * side / 384 + 0.5
    assert spot(frame) == pytest.approx(place.landmarks[0], abs=tolerance)
    assert place.xyxy[2] - place.xyxy[0] == pytest.approx(40 * side / 384)
    assert not place.found


def test_every_condition_has_every_strength_and_the_undisturbed_comes_first() -> None:
    """The others take their faces from it."""
    first, *others = ways()
    assert first == (CLEAN, 0.0)
    assert {strength for name, strength in others if name == "rolled"} == set(STRENGTHS)
    assert len(others) == len(set(others)) == len({name for name, _ in others}) * len(STRENGTHS)
