"""Areas that boxes share."""

import numpy as np
import pytest

from shared.boxes import intersections, overlap, overlaps

BOX = (0, 0, 4, 2)
PAIRS = [
    (BOX, 8, 1.0),
    ((2, 1, 6, 3), 2, 2 / 14),
    ((1, 0, 3, 1), 2, 2 / 8),
    ((4, 0, 8, 2), 0, 0.0),  # side by side
    ((5, 5, 9, 9), 0, 0.0),
    ((-3, -3, -1, -1), 0, 0.0),
    ((1, 1, 1, 1), 0, 0.0),  # none at all
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_pair_is_compared(dtype):
    """Rows are the first's boxes, columns the second's; the numbers keep their type."""
    boxes, areas, ratios = (np.array(column, dtype) for column in zip(*PAIRS, strict=True))
    box = np.array([BOX], dtype)
    assert intersections(box, boxes).tolist() == [areas.tolist()]
    for found, expected in ((overlaps(box, boxes), [ratios]), (overlaps(boxes, box), ratios[:, None])):
        np.testing.assert_allclose(found, expected, rtol=1e-6)
        assert found.dtype == dtype


def test_boxes_without_an_area_overlap_with_nothing():
    """Not even with themselves; nor is there a warning."""
    point = np.array([[1.0, 1, 1, 1]])
    assert overlaps(point, point).tolist() == [[0.0]]


def test_one_pair_is_as_many():
    """The exact ratio of whole pixels is that of float64, bit by bit."""
    corners = np.random.default_rng(3).integers(-50, 50, (2, 100, 2))
    boxes = np.concatenate((corners.min(0), corners.max(0) + 1), axis=1)
    expected = overlaps(boxes.astype(np.float64), boxes.astype(np.float64))
    whole = [tuple(box) for box in boxes.tolist()]
    assert [[overlap(a, b) for b in whole] for a in whole] == expected.tolist()
