"""Frames turned by quarters."""

import numpy as np
import pytest

from detector.turned import QUARTERS, boxes_back, points_back, turn


@pytest.mark.parametrize("quarters", QUARTERS)
def test_what_is_found_in_a_turned_frame_lies_where_it_is_in_the_frame(quarters: int) -> None:
    """A block of the frame is found again by its corners."""
    frame = np.zeros((40, 70, 3), np.uint8)
    frame[5:12, 20:50] = 255
    rows, columns = np.nonzero(turn(frame, quarters)[..., 0])
    box = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]])
    assert boxes_back(box, quarters, (70, 40)).tolist() == [[20, 5, 50, 12]]
    assert turn(frame, quarters).flags.c_contiguous


def test_points_keep_their_order() -> None:
    """The eye on the left of an upright face stays the first, so that the roll can be read off both."""
    eyes = np.array([[[10.0, 4.0], [30.0, 4.0]]])
    assert points_back(eyes, 1, (70, 40)).tolist() == [[[66, 10], [66, 30]]]
    assert points_back(eyes, 3, (70, 40)).tolist() == [[[4, 30], [4, 10]]]


def test_no_faces() -> None:
    """Empty stays empty."""
    assert boxes_back(np.empty((0, 4)), 1, (70, 40)).shape == (0, 4)
