"""Whether a scene's colours jump, in a hard cut or in other light, from two frames' signatures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

JUMP = 0.35  # least `change` of a jump: 99 % of tested cuts lie above, neighbouring frames of one shot below 0.2
_FLOOR = 20.0**2  # squared colour levels added to the cells' variance: damps small changes in dark or flat pictures
_CELLS = 8
_SAMPLES = 8  # pixels per cell and side, enough for its mean; larger frames are subsampled to about that


def signature(frame: NDArray[np.uint8]) -> list[int]:
    """Mean colours of an 8 x 8 grid: too coarse to show a person, enough to detect a change of scene.

    Args:
        frame: (H, W, 3) uint8 BGR, any size from 1 x 1.

    Returns:
        192 integers 0 to 255: rows from the top, cells from the left, each blue, green, red.
    """
    import cv2  # here, as the smoother only compares signatures

    step = max(1, min(frame.shape[:2]) // (_CELLS * _SAMPLES))
    thinned = np.ascontiguousarray(frame[::step, ::step])
    return list(cv2.resize(thinned, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA).tobytes())


def change(before: Sequence[int], after: Sequence[int]) -> float:
    """How much the coarse structure of two frames differs: 0 identical, near 1 unrelated, above 1 inverted.

    The squared difference of the cells relative to their variance, after subtracting each channel's mean: a change of
    brightness or exposure up to a factor of two stays below 0.2.

    Args:
        before: signature of a frame: cells of three channels, 0 to 255; empty if unknown.
        after: signature of the next frame.

    Returns:
        The change; 0 if either is unknown or their layouts differ.
    """
    if len(before) != len(after) or not before or len(before) % 3:
        return 0.0
    cells = np.array((before, after), np.float64).reshape(2, -1, 3)
    first, second = cells - cells.mean(axis=1, keepdims=True)
    variation = np.sum(first**2) + np.sum(second**2) + _FLOOR * first.size
    return float(np.sum((first - second) ** 2) / variation)


def is_jump(before: Sequence[int], after: Sequence[int]) -> bool:
    """Whether the colours jump between two frames: in a hard cut, but also where a lamp is switched."""
    return change(before, after) >= JUMP


def is_resized(before: tuple[int, int] | None, after: tuple[int, int] | None) -> bool:
    """Whether two frames differ in size (width, height; None: unknown): a cut, as no box of one fits the other."""
    return None not in (before, after) and before != after
