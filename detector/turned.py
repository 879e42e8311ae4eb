"""Frames turned by quarters, for cameras on their side and people who lie down, and what is found in them."""

import numpy as np

QUARTERS = (1, 2, 3)
"""Counter-clockwise quarter turns of a frame."""


def turn(frame: np.ndarray, quarters: int) -> np.ndarray:
    """The frame (H, W, 3) turned counter-clockwise, contiguous."""
    return np.ascontiguousarray(np.rot90(frame, quarters))


def points_back(points: np.ndarray, quarters: int, size: tuple[int, int]) -> np.ndarray:
    """Points (..., 2) of a turned frame, in pixels of the frame itself; `size` is that one's width and height."""
    x, y = points[..., 0], points[..., 1]
    width, height = size
    places = {0: (x, y), 1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}
    return np.stack(places[quarters % 4], -1)


def boxes_back(xyxy: np.ndarray, quarters: int, size: tuple[int, int]) -> np.ndarray:
    """Boxes (N, 4), likewise."""
    corners = points_back(xyxy.reshape(-1, 2, 2), quarters, size)
    return np.concatenate([corners.min(1), corners.max(1)], 1)
