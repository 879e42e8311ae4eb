"""The image pyramid, with all levels packed onto one canvas so that P-Net runs once."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from detector.sampling import Spans, scale_onto, spans

WINDOW = 12
STRIDE = 2
FACTOR = 0.709


@dataclass(frozen=True)
class Level:
    """One scaled copy of the frame: its place on the canvas, and the frame pixels that its rows and columns cover.

    Position and size are even, because P-Net's stride is 2: an odd last row or column is duplicated.
    """

    scale: float
    x: int
    y: int
    rows: Spans
    columns: Spans

    @property
    def width(self) -> int:
        """Columns on the canvas."""
        return len(self.columns.first)

    @property
    def height(self) -> int:
        """Rows on the canvas."""
        return len(self.rows.first)


class Canvas:
    """The pyramid for frames of one size; its array `pixels` (H, W, 3) float32 BGR is reused for every frame."""

    def __init__(self, width: int, height: int, min_face_size: int):
        self.levels = _levels(width, height, min_face_size)
        right = max((level.width for level in self.levels), default=0)
        bottom = max((level.y + level.height for level in self.levels), default=0)
        self.pixels = np.zeros((bottom, right, 3), np.float32)
        self._lines = self.pixels.reshape(bottom, right * 3)
        self._level_of_cell = _cells(self.levels, right, bottom)
        places = [(level.x, level.y, level.scale) for level in self.levels]
        self._places = np.array(places, np.float32).reshape(-1, 3)

    def draw(self, frame: np.ndarray) -> None:
        """Fill `pixels` from a frame (H, W, 3) uint8 BGR of the canvas's size."""
        for level in self.levels:
            scale_onto(frame, level.rows, level.columns, self.pixels, level.y, level.x)

    def cells(self, chosen: np.ndarray) -> np.ndarray:
        """Row and column (N, 2) of the windows `chosen` (H', W') bool, without those that straddle levels."""
        return np.argwhere(chosen & (self._level_of_cell >= 0))

    def windows(self, cells: np.ndarray) -> np.ndarray:
        """P-Net's inputs at `cells` (N, 2): (N, 12, 12, 3)."""
        views = sliding_window_view(self._lines, (WINDOW, WINDOW * 3))[::STRIDE, :: STRIDE * 3]
        chosen: np.ndarray = views[cells[:, 0], cells[:, 1]]
        return chosen.reshape(-1, WINDOW, WINDOW, 3)

    def boxes(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The windows at `cells` (N, 2) in frame pixels: xyxy (N, 4) float32, and their levels (N,).

        Computed in float32 and rounded down like the reference, because one pixel changes later steps.
        """
        level = self._level_of_cell[cells[:, 0], cells[:, 1]]
        place = self._places[level]
        corner = cells[:, ::-1].astype(np.float32) * STRIDE - place[:, :2]
        return np.floor(np.concatenate([corner + 1, corner + WINDOW], axis=1) / place[:, 2:]), level


def _levels(width: int, height: int, min_face_size: int) -> list[Level]:
    """Each level is 0.709 x the previous one; the last still holds P-Net's window."""
    levels: list[Level] = []
    scale = WINDOW / min_face_size
    while min(width, height) * scale >= WINDOW:
        rows, columns = (_even_spans(size, int(size * scale + 1)) for size in (height, width))
        levels.append(_place(levels, Level(scale, 0, 0, rows, columns)))
        scale *= FACTOR
    return levels


def _even_spans(size: int, count: int) -> Spans:
    doubled = np.minimum(np.arange(count + count % STRIDE), count - 1)
    return spans(size, count)[doubled]


def _place(placed: list[Level], level: Level) -> Level:
    """The level at the topmost, then leftmost, free spot on a canvas as wide as the first level."""
    limit = placed[0].width if placed else level.width
    corners = [(0, 0)]
    for other in placed:
        corners += [(other.y, other.x + other.width), (other.y + other.height, other.x)]
    spots = (replace(level, x=x, y=y) for y, x in sorted(corners) if x + level.width <= limit)
    return next(spot for spot in spots if all(_apart(spot, other) for other in placed))


def _apart(a: Level, b: Level) -> bool:
    return a.x + a.width <= b.x or b.x + b.width <= a.x or a.y + a.height <= b.y or b.y + b.height <= a.y


def _cells(levels: list[Level], width: int, height: int) -> np.ndarray:
    def count(size: int) -> int:
        return max((size - WINDOW) // STRIDE + 1, 0)

    cells = np.full((count(height), count(width)), -1, np.int16)
    for index, level in enumerate(levels):
        x, y = level.x // STRIDE, level.y // STRIDE
        cells[y : y + count(level.height), x : x + count(level.width)] = index
    return cells
