"""Frames and videos that need no file of anybody's: the demo, and portraits in a grid. All BGR uint8."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from capture.demo import demo_frame

GRID = (5, 4)
"""Columns and rows of `crowd`, the same for any number of faces, so that all faces have one size."""

_HEAD = (slice(0, 310), slice(100, 348))  # head and shoulders in the portrait


def portrait(width: int, height: int) -> np.ndarray:
    """Eileen Collins's head and shoulders (h, w, 3), as large as fit."""
    picture = data.astronaut()[..., ::-1][_HEAD]  # type: ignore[no-untyped-call]  # scikit-image has no types
    scale = min(width / picture.shape[1], height / picture.shape[0])
    head = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(head[:height, :width], np.uint8)


def crowd(faces: int, size: tuple[int, int] = (1280, 720)) -> np.ndarray:
    """A grey frame (H, W, 3) of the given (W, H) with so many portraits (0-20) of Eileen Collins, left to right."""
    columns, rows = GRID
    cell_width, cell_height = size[0] // columns, size[1] // rows
    head = portrait(cell_width, cell_height)
    frame = np.full((size[1], size[0], 3), 96, np.uint8)
    for index in range(faces):
        top, left = index // columns * cell_height, index % columns * cell_width
        frame[top : top + head.shape[0], left : left + head.shape[1]] = head
    return frame


def write_demo(path: Path, frames: int, size: tuple[int, int] = (1280, 720), fps: float = 30.0) -> Path:
    """The demo's first frames as a video file."""
    return _write(path, (demo_frame(index, size, fps) for index in range(frames)), size, fps)


def write_still(path: Path, picture: np.ndarray, frames: int, fps: float = 30.0) -> Path:
    """One picture as a video file of so many frames."""
    return _write(path, (picture for _ in range(frames)), (picture.shape[1], picture.shape[0]), fps)


def _write(path: Path, pictures: Iterable[np.ndarray], size: tuple[int, int], fps: float) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path
