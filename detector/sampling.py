"""Scaling by area, for every level of a pyramid and for many crops at once, from one integral image.

A scaled pixel is the plain mean of all frame pixels its area touches (adaptive average pooling, as in facenet-pytorch):
four look-ups in the integral image whatever the scale, and the same values as the reference to float precision. That
matters more than it seems: box corners are truncated to pixels twice in the cascade, so rounding the scaled pixels to
uint8 is enough to change which of two overlapping boxes wins.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

# Work is cut into pieces of about this many pixels, so that what is in flight stays in the CPU's second-level cache.
PIECE = 16384


@dataclass(frozen=True)
class Spans:
    """Along one axis: each output's first and one-past-last source pixel (..., N), and 1 / their number, float32."""

    first: np.ndarray
    last: np.ndarray
    share: np.ndarray

    def __getitem__(self, index: slice | np.ndarray | int) -> "Spans":
        return Spans(self.first[index], self.last[index], self.share[index])


def spans(start: np.ndarray, size: np.ndarray, count: int) -> Spans:
    """`count` outputs for each of N stretches of `size` pixels from `start`: arrays (N, count)."""
    steps = np.arange(count)
    first = start[:, None] + steps * size[:, None] // count
    last = start[:, None] - (steps + 1) * -size[:, None] // count
    return Spans(first, last, (1 / (last - first)).astype(np.float32))


class AreaScaler:
    """Scales frames of one size, and crops of them. Its arrays are reused: not for use from two threads at once."""

    def __init__(self, width: int, height: int):
        self.width = width
        self.height = height
        exact = np.int32 if width * height < 2**31 // 255 else np.float64
        self._sums = np.empty((height + 1, width + 1, 3), exact)
        size = max(PIECE, width + 2)
        self._scratch = np.empty((3, size * 3), exact)
        self._means = np.empty(size * 3, np.float32)
        self._index = np.empty(size, np.intp)

    def load(self, frame: np.ndarray) -> None:
        """Take the frame (H, W, 3) uint8 that the following calls scale."""
        cv2.integral(frame, self._sums, cv2.CV_32S if self._sums.dtype == np.int32 else cv2.CV_64F)

    def scale(self, rows: Spans, columns: Spans, target: np.ndarray) -> None:
        """Write the frame's copy with these spans (H,) and (W,) to `target` (H, W * 3); it may not be enlarged."""
        lines = self._sums.reshape(self.height + 1, -1)
        step = max(PIECE // (self.width + 2), 1)
        strips = [self._part(which, (step, self.width + 1, 3)) for which in (0, 1)]
        totals = [self._part(which, (step, len(columns.first), 3)) for which in (1, 2)]
        across = np.repeat(columns.share, 3)
        for start in range(0, len(rows.first), step):
            piece = slice(start, min(start + step, len(rows.first)))
            strip, other = (part[: piece.stop - start] for part in strips)
            lines.take(rows.last[piece], 0, strip.reshape(len(strip), -1), "clip")
            lines.take(rows.first[piece], 0, other.reshape(len(strip), -1), "clip")
            np.subtract(strip, other, strip)
            total, other = (part[: piece.stop - start] for part in totals)
            strip.take(columns.last, 1, total, "clip")
            strip.take(columns.first, 1, other, "clip")
            np.subtract(total, other, total)
            self._average(total, rows.share[piece], across, target[piece])

    def crops(self, boxes: np.ndarray, side: int) -> np.ndarray:
        """Boxes (N, 4) of whole pixels inside the frame, each scaled to (side, side): (N, side, side, 3) float32."""
        crops = np.empty((len(boxes), side, side * 3), np.float32)
        step = max(PIECE // side**2, 1)
        for start in range(0, len(boxes), step):
            part = boxes[start : start + step]
            rows = spans(part[:, 1], part[:, 3] - part[:, 1], side)
            columns = spans(part[:, 0], part[:, 2] - part[:, 0], side)
            total, other = (self._part(which, (len(part), side, side, 3)) for which in (0, 1))
            self._look_up(rows.last, columns.last, total)
            total -= self._look_up(rows.last, columns.first, other)
            total -= self._look_up(rows.first, columns.last, other)
            total += self._look_up(rows.first, columns.first, other)
            across = np.repeat(columns.share, 3, axis=1)[:, None, :]
            self._average(total, rows.share, across, crops[start : start + step])
        return crops.reshape(-1, side, side, 3)

    def _part(self, which: int, shape: tuple[int, ...]) -> np.ndarray:
        return self._scratch[which, : math.prod(shape)].reshape(shape)

    def _look_up(self, y: np.ndarray, x: np.ndarray, target: np.ndarray) -> np.ndarray:
        index = self._index[: target.size // 3].reshape(target.shape[:-1])
        np.add(y[:, :, None] * (self.width + 1), x[:, None, :], out=index)
        return self._sums.reshape(-1, 3).take(index, 0, target, "clip")

    def _average(self, total: np.ndarray, down: np.ndarray, across: np.ndarray, target: np.ndarray) -> None:
        """Write the sums `total` (..., H, W, 3), times `down` (..., H) and `across`, to `target` (..., H, W * 3)."""
        means = self._means[: total.size].reshape(target.shape)
        np.copyto(means, total.reshape(target.shape), casting="unsafe")
        np.multiply(means, across, means)
        np.multiply(means, down[..., None], target)
