"""The signature's layout and meaning."""

import numpy as np
import pytest

from shared.signature import signature


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (63, 65), (360, 640), (1080, 1920)])
def test_any_frame_gives_192_integers(shape):
    """The layout is the same whatever the frame's size; a plain frame's cells have its colour, in the order BGR."""
    frame = np.empty((*shape, 3), np.uint8)
    frame[:] = (10, 100, 200)
    cells = signature(frame)
    assert cells == [10, 100, 200] * 64
    assert all(type(value) is int for value in cells)


def test_cells_lie_in_reading_order():
    """Rows from the top, cells from the left: a bright top right corner is cell 7."""
    frame = np.zeros((480, 640, 3), np.uint8)
    frame[:60, 560:] = 255
    cells = np.array(signature(frame)).reshape(64, 3)
    assert np.flatnonzero(cells.min(axis=1) > 200).tolist() == [7]
    assert cells.max(axis=1)[[0, 5, 16, 63]].tolist() == [0, 0, 0, 0]
