"""A frame's signature, and what is a cut and what is not."""

import numpy as np
import pytest

from shared import scene

RNG = np.random.default_rng(7)
SHOT, OTHER = RNG.integers(0, 128, (2, 192)).tolist()


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (63, 65), (360, 640), (1080, 1920)])
def test_any_frame_gives_192_integers(shape):
    """The layout is the same whatever the frame's size; a plain frame's cells have its colour, in the order BGR."""
    frame = np.empty((*shape, 3), np.uint8)
    frame[:] = (10, 100, 200)
    cells = scene.signature(frame)
    assert cells == [10, 100, 200] * 64
    assert all(type(value) is int for value in cells)


def test_cells_lie_in_reading_order():
    """Rows from the top, cells from the left: a bright top right corner is cell 7."""
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[:60, 560:] = 255
    cells = np.array(scene.signature(frame)).reshape(64, 3)
    assert np.flatnonzero(cells.min(axis=1) > 200).tolist() == [7]
    assert cells.max(axis=1)[[0, 5, 16, 63]].tolist() == [0, 0, 0, 0]


def test_the_same_picture_has_not_changed():
    """No change between a picture and itself."""
    assert scene.change(SHOT, SHOT) == 0.0


def test_another_picture_has():
    """Unrelated pictures lie towards 1, negatives above."""
    assert scene.change(SHOT, OTHER) == pytest.approx(0.9, abs=0.2)
    assert scene.change(SHOT, [127 - value for value in SHOT]) > 1.2


@pytest.mark.parametrize("light", [lambda v: v + 100, lambda v: v * 2, lambda v: v // 2])
def test_a_change_of_light_is_no_cut(light):
    """Exposure and lamps change brightness, not who is in the picture."""
    assert scene.change(SHOT, [light(value) for value in SHOT]) < 0.25


def test_flat_pictures_with_a_little_noise_are_the_same():
    """Darkness is one scene, though its noise has no structure."""
    dark = RNG.integers(0, 4, (2, 192)).tolist()
    assert scene.change(*dark) < 0.1


@pytest.mark.parametrize(("before", "after"), [([], SHOT), (SHOT, []), ([], []), (SHOT, SHOT[:-3]), ([1, 2], [200, 9])])
def test_unknown_signatures_say_nothing(before, after):
    """A detector that sends none, or another layout, causes no cut."""
    assert scene.change(before, after) == 0.0
