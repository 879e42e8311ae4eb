"""Non-maximum suppression, highest confidence first, so a lower box never removes a higher one."""

from typing import Any

import cv2
import numpy as np


def suppress(xyxy: np.ndarray, confidence: np.ndarray, threshold: float, group: np.ndarray | None = None) -> np.ndarray:
    """Indices of the boxes to keep, so that within a group no IoU exceeds `threshold`.

    `xyxy` is (N, 4), `confidence` (N,), `group` (N,) integers (None: all boxes together). Highest confidence first.
    """
    boxes: Any = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1).astype(np.float64)
    scores: Any = confidence.astype(np.float32)
    groups: Any = np.zeros(len(scores), np.int32) if group is None else group.astype(np.int32)
    kept = cv2.dnn.NMSBoxesBatched(boxes, scores, groups, -1.0, threshold)
    return np.asarray(kept, np.intp).reshape(-1)


def suppress_contained(xyxy: np.ndarray, confidence: np.ndarray, threshold: float) -> np.ndarray:
    """Indices of the boxes to keep, so that no intersection covers more than `threshold` of the smaller box.

    `xyxy` is (N, 4) in pixels, both corners inclusive, `confidence` (N,). Highest confidence first.
    """
    area = (xyxy[:, 2:] - xyxy[:, :2] + 1).prod(axis=1)
    waiting = np.argsort(-confidence, kind="stable")
    kept = []
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        low = np.maximum(xyxy[best, :2], xyxy[waiting, :2])
        high = np.minimum(xyxy[best, 2:], xyxy[waiting, 2:])
        shared = (high - low + 1).clip(0).prod(axis=1)
        waiting = waiting[shared <= threshold * np.minimum(area[best], area[waiting])]
    return np.array(kept, np.intp)
