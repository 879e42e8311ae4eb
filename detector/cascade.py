"""The three networks of MTCNN one after the other, from the windows of a pyramid to faces.

P-Net proposes windows on an image pyramid, R-Net rejects most of them, O-Net refines the rest and adds landmarks.
"""

import numpy as np

from detector.networks import SCAN_MARGIN, SCREEN_MARGIN, Networks
from detector.nms import suppress, suppress_contained
from detector.pyramid import Canvas
from detector.sampling import scaled_crops

Found = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Boxes (N, 4), confidence (N,) and landmarks (N, 5, 2), not yet clipped or capped."""

FEW = 64
"""Up to this many windows skip the prefilter by a faster, less exact R-Net."""


class Cascade:
    """The networks, and the confidence that a window needs to pass each of the three."""

    def __init__(self, networks: Networks, thresholds: tuple[float, float, float]):
        self._networks = networks
        self._thresholds = thresholds

    def propose(self, canvas: Canvas) -> np.ndarray:
        """P-Net on all levels: square candidate boxes (N, 4)."""
        least = _logit(self._thresholds[0])
        cells = canvas.cells(self._networks.scan(canvas.pixels) > least - SCAN_MARGIN)
        output = self._networks.run("pnet", canvas.windows(cells))
        passed = output[:, 0] >= least
        output = output[passed]
        xyxy, level = canvas.boxes(cells[passed])
        confidence = _sigmoid(output[:, 0])
        # The reference then suppresses above 0.7 across levels, an IoU that boxes of different levels cannot reach.
        kept = suppress(xyxy, confidence, 0.5, level)
        return square(_shift(xyxy[kept], output[kept, 1:5], 0))

    def verify(self, frame: np.ndarray, boxes: np.ndarray) -> Found:
        """R- and O-Net on square boxes (N, 4), which may lie outside the frame; the most confident face first."""
        return self._finish(frame, self._refine(frame, boxes))

    def _refine(self, frame: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """R-Net on the candidates: fewer, refined square boxes (N, 4)."""
        least = _logit(self._thresholds[1])
        boxes, inside = _visible(frame, boxes)
        pixels = scaled_crops(frame, inside, 24)
        if len(pixels) > FEW:
            likely = self._networks.screen(pixels) > least - SCREEN_MARGIN
            boxes, pixels = boxes[likely], pixels[likely]
        output = self._networks.run("rnet", pixels)
        passed = output[:, 0] > least
        boxes, output = boxes[passed], output[passed]
        kept = suppress(boxes, _sigmoid(output[:, 0]), 0.7)
        return square(_shift(boxes[kept], output[kept, 1:5], 1))

    def _finish(self, frame: np.ndarray, boxes: np.ndarray) -> Found:
        """O-Net on the remaining boxes; most confident face first."""
        boxes, inside = _visible(frame, boxes)
        output = self._networks.run("onet", scaled_crops(frame, inside, 48))
        passed = output[:, 0] > _logit(self._thresholds[2])
        boxes, output = boxes[passed], output[passed]
        sides = boxes[:, None, 2:] - boxes[:, None, :2] + 1
        landmarks = output[:, 5:].reshape(-1, 2, 5).swapaxes(1, 2) * sides + boxes[:, None, :2] - 1
        boxes = _shift(boxes, output[:, 1:5], 1)
        kept = suppress_contained(boxes, output[:, 0], 0.7)
        return boxes[kept], _sigmoid(output[kept, 0]), landmarks[kept]


def square(xyxy: np.ndarray) -> np.ndarray:
    """Squares with the same centres and the longer side."""
    sides = xyxy[:, 2:] - xyxy[:, :2]
    side = sides.max(axis=1, keepdims=True)
    corner = xyxy[:, :2] + (sides - side) * 0.5
    return np.concatenate([corner, corner + side], axis=1)


def _visible(frame: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The boxes (N, 4) that have a pixel inside the frame, and their visible part in whole pixels (N, 4)."""
    inside = np.trunc(boxes).astype(np.intp)
    inside[:, :2] = inside[:, :2].clip(1) - 1
    inside[:, 2:] = np.minimum(inside[:, 2:], [frame.shape[1], frame.shape[0]])
    visible = (inside[:, 2:] > inside[:, :2]).all(axis=1)
    return boxes[visible], inside[visible]


def _shift(xyxy: np.ndarray, offsets: np.ndarray, extra: int) -> np.ndarray:
    """Boxes moved by the network's offsets, in units of the box's sides (plus `extra` pixels, as trained)."""
    sides = xyxy[:, 2:] - xyxy[:, :2] + extra
    moved: np.ndarray = xyxy + offsets * np.tile(sides, 2)
    return moved


def _logit(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def _sigmoid(logit: np.ndarray) -> np.ndarray:
    probability: np.ndarray = 1 / (1 + np.exp(-logit))
    return probability
