"""Scaling by area, for the levels of a pyramid and for crops, in loops that Numba compiles.

A scaled pixel is the plain mean of all frame pixels its area touches (adaptive average pooling, as in facenet-pytorch),
with the same values as the reference to float precision. That matters more than it seems: box corners are truncated to
pixels twice in the cascade, so rounding the scaled pixels to uint8 is enough to change which of two overlapping boxes
wins. Each output row is made from the sum of the frame's rows it touches and from that sum's running total along the
row: the frame is read once, in order, for every level.
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
"""So many rows of uint8 can be summed in uint16."""


@dataclass(frozen=True)
class Spans:
    """Along one axis: each output's first and one-past-last source pixel (N,) int64, and 1 / their number, float32."""

    first: np.ndarray
    last: np.ndarray
    share: np.ndarray

    def __getitem__(self, index: np.ndarray) -> "Spans":
        return Spans(self.first[index], self.last[index], self.share[index])


def spans(size: int, count: int) -> Spans:
    """`count` outputs for `size` pixels."""
    steps = np.arange(count)
    first, last = steps * size // count, -((steps + 1) * -size // count)
    return Spans(first, last, (1 / (last - first)).astype(np.float32))


def scale_onto(frame: np.ndarray, rows: Spans, columns: Spans, canvas: np.ndarray, y: int, x: int) -> None:
    """Write the copy of `frame` (H, W, 3) uint8 with these spans to `canvas` (H', W', 3) float32, from (y, x) on."""
    line = _line(frame, int((rows.last - rows.first).max()))
    sums = np.zeros(line.size + 3, np.int32)
    down, across = ((axis.first, axis.last, axis.share) for axis in (rows, columns))
    _scale(_lines(frame), down, across, line, sums, canvas.reshape(len(canvas), -1)[y:], x)


def scaled_crops(frame: np.ndarray, boxes: np.ndarray, side: int) -> np.ndarray:
    """Boxes (N, 4) int64 of whole pixels in `frame` (H, W, 3) uint8, each scaled to (side, side).

    Every box must lie inside the frame and hold a pixel: nothing is checked. Returns (N, side, side, 3) float32.
    """
    targets = np.empty((len(boxes), side, side * 3), np.float32)
    if len(boxes):
        line = _line(frame, int((boxes[:, 3] - boxes[:, 1]).max()) // side + 2)
        _crops(_lines(frame), boxes, line, np.zeros(line.size + 3, np.int32), targets)
    return targets.reshape(-1, side, side, 3)


def warm() -> None:
    """Have all compiled before the first frame. What was kept on disk is done without where it is damaged."""
    try:
        _use_all()
    except (OSError, EOFError, pickle.UnpicklingError) as error:
        log.warning("compiled scaling is not kept on disk", error=str(error))
        for function in (_scale, _crops, _total, _accumulate, _average):
            function._cache = NullCache()  # type: ignore[attr-defined]
        _use_all()


def _use_all() -> None:
    blank = np.zeros((2 * MOST_ROWS, 2, 3), np.uint8)
    for height in (2, len(blank)):
        scale_onto(blank[:height], spans(height, 1), spans(2, 1), np.zeros((1, 1, 3), np.float32), 0, 0)
        scaled_crops(blank, np.array([[0, 0, 2, height]]), 1)


def _lines(frame: np.ndarray) -> np.ndarray:
    """The frame (H, W * 3), read-only as frames from the bus are: one kind to compile for."""
    lines = np.ascontiguousarray(frame).reshape(len(frame), -1)
    lines.flags.writeable = False
    return lines


def _line(frame: np.ndarray, rows: int) -> np.ndarray:
    """Room for the sum of `rows` rows of the frame."""
    return np.empty(frame.shape[1] * 3, np.uint16 if rows <= MOST_ROWS else np.uint32)


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """The function compiled for each combination of types it is called with; kept on disk if a folder can be written.

    Division by zero is not checked for; unsigned indices spare the checks for negative ones.
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
    """The sum of rows `top` to `bottom`, from `start` on, as long as `line`."""
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
    """The running total of each colour of `line` (W * 3), behind the three zeros that `sums` starts with."""
    blue = green = red = np.int32(0)
    for x in range(len(line) // 3):
        blue = np.int32(blue + np.int32(line[3 * x]))
        green = np.int32(green + np.int32(line[3 * x + 1]))
        red = np.int32(red + np.int32(line[3 * x + 2]))
        sums[3 * x + 3], sums[3 * x + 4], sums[3 * x + 5] = blue, green, red


@compiled
def _average(sums: Any, left: Any, right: Any, across: Any, down: Any, target: Any) -> None:
    """The means between `left` and `right`, `down` being one over the number of rows that were summed.

    Should a running total pass 2**31, it wraps, and the difference of two is right all the same.
    """
    for column in range(len(left)):
        start, stop, share = np.uint64(3 * left[column]), np.uint64(3 * right[column]), across[column]
        for colour in range(3):
            total = np.int32(sums[stop + np.uint64(colour)] - sums[start + np.uint64(colour)])
            target[3 * column + colour] = np.float32(total) * share * down
