"""A frame's coarse colours, from which a later stage tells a hard cut without seeing the pixels."""

import cv2
import numpy as np
from numpy.typing import NDArray

_CELLS = 8
_SAMPLES = 8
"""Pixels per cell and side that are enough for its mean; a large frame is thinned out to about that."""


def signature(frame: NDArray[np.uint8]) -> list[int]:
    """Mean colours of an 8 x 8 grid: too coarse to show a person, enough to see that the picture is another one.

    Args:
        frame: (H, W, 3) uint8 BGR, any size from 1 x 1.

    Returns:
        192 integers 0 to 255: rows from the top, cells from the left, each blue, green, red.
    """
    step = max(1, min(frame.shape[:2]) // (_CELLS * _SAMPLES))
    thinned = np.ascontiguousarray(frame[::step, ::step])
    return list(cv2.resize(thinned, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA).tobytes())
