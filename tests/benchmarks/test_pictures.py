"""Frames that the benchmarks make up."""

import numpy as np
import pytest

from benchmarks.pictures import GRID, crowd


@pytest.mark.parametrize("faces", [0, 1, 7, GRID[0] * GRID[1]])
def test_a_crowd_has_as_many_portraits_as_asked_for(faces):
    """`faces/<n>` means n: each filled cell of the grid differs from the grey around, each other one does not."""
    frame = crowd(faces)
    assert frame.shape == (720, 1280, 3)
    cells = frame.reshape(GRID[1], 720 // GRID[1], GRID[0], 1280 // GRID[0], 3).swapaxes(1, 2)
    filled = [bool(np.any(cell != 96)) for row in cells for cell in row]
    assert filled == [index < faces for index in range(len(filled))]
