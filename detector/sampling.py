"""Area scaling of pyramid levels and crops, in loops compiled by Numba.

A scaled pixel is the mean of all frame pixels its area touches (adaptive average pooling, as in facenet-pytorch), equal
to the reference to float precision. This matters: box corners are truncated to pixels twice in the cascade, so even
rounding the scaled pixels to uint8 can change which of two overlapping boxes wins. Each output row is computed from
the sum of the frame rows it touches and that sum's prefix sums: the frame is read once, in order, for every level.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import structlog
from numba.core.caching import NullCache

log = structlog.get_logger()

MOST_ROWS = 257
"""How many rows of uint8 can be summed in uint16."""


@dataclass(frozen=True)
class Spans:
    """Along one axis: each output's first and one-past-last source pixel (N,) int64, and 1 / their count, float32."""

    first: np.ndarray
    last: np.ndarray
    share: np.ndarray

    def __getitem__(self, index: np.ndarray) -> "Spans":
        return Spans(self.first[index], self.last[index], self.share[index])


def spans(size: int, count: int) -> Spans:
    """The spans of `count` outputs over `size` pixels."""
    steps = np.arange(count)
    first, last = steps * size // count, -((steps + 1) * -size // count)
    return Spans(first, last, (1 / (last - first)).astype(np.float32))


def scale_onto(frame: np.ndarray, rows: Spans, columns: Spans, canvas: np.ndarray, y: int, x: int) -> None:
    """Scale `frame` (H, W, 3) uint8 by these spans onto `canvas` (H', W', 3) float32, with its corner at (y, x)."""
    line = _line(frame, int((rows.last - rows.first).max()))
    sums = np.zeros(line.size + 3, np.int32)
    down, across = ((axis.first, axis.last, axis.share) for axis in (rows, columns))
    _scale(_lines(frame), down, across, line, sums, canvas.reshape(len(canvas), -1)[y:], x)


def scaled_crops(frame: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """Crops of `frame` (H, W, 3) uint8 at boxes (N, 4) int64 in whole pixels: (N, side, side, 3) float32.

    Every box must be non-empty and inside the frame; this is not checked.
    """
    targets = np.empty((len(boxes), side, side * 3), np.float32)
    if len(boxes):
        line = _line(frame, int((boxes[:, 3] - boxes[:, 1]).max()) // side + 2)
        _crops(_lines(frame), boxes, line, np.zeros(line.size + 3, np.int32), targets)
    return targets.reshape(-1, side, side, 3)


def warm() -> None:
    """Compile everything before the first frame, without the cache on disk if it is damaged or cannot be written."""
    if _scale.stats.cache_path is None:  # type: ignore[attr-defined]
        log.warning(
            "compiled scaling is not cached on disk", error="no folder can be written; NUMBA_CACHE_DIR names one"
        )
    try:
        _use_all()
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        log.warning("compiled scaling is not cached on disk", error=str(error))
        for function in (_scale, _crops, _total, _accumulate, _average):
            function._cache = NullCache()  # type: ignore[attr-defined]
        _use_all()


def _use_all() -> None:
    blank = np.zeros((2 * MOST_ROWS, 2, 3), np.uint8)
    for height in (2, len(blank)):
        scale_onto(blank[:height], spans(height, 1), spans(2, 1), np.zeros((1, 1, 3), np.float32), 0, 0)
        scaled_crops(blank, np.array([[0, 0, 2, height]]), 1)


def _lines(frame: np.ndarray) -> np.ndarray:
    """The frame as (H, W * 3), read-only like frames from the bus, so that one variant is compiled."""
    lines = np.ascontiguousarray(frame).reshape(len(frame), -1)
    lines.flags.writeable = False
    return lines


def _line(frame: np.ndarray, rows: int) -> np.ndarray:
    """A buffer for the sum of `rows` frame rows."""
    return np.empty(frame.shape[1] * 3, np.uint16 if rows <= MOST_ROWS else np.uint32)


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """The function compiled for each combination of argument types, cached on disk if a folder is writable.

    Division by zero is unchecked; unsigned indices avoid the handling of negative ones.
    """
    try:
        return numba.njit(function, cache=True, error_model="numpy")  # type: ignore[no-any-return]
    except RuntimeError:
        return numba.njit(function, error_model="numpy")  # type: ignore[no-any-return]


@compiled
def _scale(lines: Any, rows: Any, columns: Any, line: Any, sums: Any, target: Any, start: int) -> None:
    top, bottom, down = rows
    left, right, across = columns
    for row in range(len(top)):
        _total(lines, np.uint64(top[row]), np.uint64(bottom[row]), np.uint64(0), line)
        _accumulate(line, sums)
        _average(sums, left, right, across, down[row], target[row, 3 * start :])


@compiled
def _crops(lines: Any, boxes: Any, line: Any, sums: Any, targets: Any) -> None:
    side = targets.shape[1]
    left, right, across = np.empty(side, np.int64), np.empty(side, np.int64), np.empty(side, np.float32)
    for index in range(len(boxes)):
        x, y, width, height = boxes[index, 0], boxes[index, 1], boxes[index, 2], boxes[index, 3]
        width, height = width - x, height - y
        for column in range(side):
            left[column] = column * width // side
            right[column] = ((column + 1) * width + side - 1) // side
            across[column] = np.float32(1.0 / (right[column] - left[column]))
        part = line[: 3 * width]
        for row in range(side):
            top, bottom = y + row * height // side, y + ((row + 1) * height + side - 1) // side
            _total(lines, np.uint64(top), np.uint64(bottom), np.uint64(3 * x), part)
            _accumulate(part, sums)
            _average(sums, left, right, across, np.float32(1.0 / (bottom - top)), targets[index, row])


@compiled
def _total(lines: Any, top: Any, bottom: Any, start: Any, line: Any) -> None:
    """Write to `line` the sum of rows `top` to `bottom`, from column `start`."""
    first = lines[top, start:]
    if bottom - top == np.uint64(1):
        for x in range(len(line)):
            line[x] = first[x]
        return
    second = lines[top + np.uint64(1), start:]
    for x in range(len(line)):
        line[x] = np.uint16(first[x]) + np.uint16(second[x])
    for row in range(top + np.uint64(2), bottom):
        more = lines[row, start:]
        for x in range(len(line)):
            line[x] += more[x]


@compiled
def _accumulate(line: Any, sums: Any) -> None:
    """Write each colour's prefix sums of `line` (W * 3) to `sums`, after its three leading zeros."""
    blue = green = red = np.int32(0)
    for x in range(len(line) // 3):
        blue = np.int32(blue + np.int32(line[3 * x]))
        green = np.int32(green + np.int32(line[3 * x + 1]))
        red = np.int32(red + np.int32(line[3 * x + 2]))
        sums[3 * x + 3], sums[3 * x + 4], sums[3 * x + 5] = blue, green, red


@compiled
def _average(sums: Any, left: Any, right: Any, across: Any, down: Any, target: Any) -> None:
    """Write the means between `left` and `right`; `down` is 1 / the number of rows summed.

    A prefix sum may wrap at 2**31; the difference of two is still right.
    """
    for column in range(len(left)):
        start, stop, share = np.uint64(3 * left[column]), np.uint64(3 * right[column]), across[column]
        for colour in range(3):
            total = np.int32(sums[stop + np.uint64(colour)] - sums[start + np.uint64(colour)])
            target[3 * column + colour] = np.float32(total) * share * down
