"""The square crop around a face for the classifier, turned so that the eyes are level."""

import math

import cv2
import numpy as np
import numpy.typing as npt

LEAST_ROLL = 3.0
"""Degrees; below, the eyes' own error is larger than the roll, and the crop keeps the frame's exact pixels."""


def roll(landmarks: npt.ArrayLike) -> float:
    """By how many degrees (-180..180) a head is tilted, clockwise as seen in the picture; 0 if the eyes coincide.

    `landmarks` (5, 2) in pixels, of which the first two are the eye on the left and the one on the right.
    """
    points = np.nan_to_num(np.asarray(landmarks, np.float64))
    right, down = (points[1] - points[0]).tolist()
    return math.degrees(math.atan2(down, right))


def square_crop(
    frame: np.ndarray, xyxy: npt.ArrayLike, margin: float = 1.3, max_side: int = 256, roll: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """A square of `margin` x the face's height around the box's centre, in whole pixels, never distorted.

    `frame` is (H, W, 3) uint8 BGR, `xyxy` (4,) in its pixels. Returns the crop (S, S, 3) uint8, contiguous, and the
    xyxy (4,) float32 of the square that has not been turned. The face's height is the box's, or its width where the
    head lies on its side. Outside the frame, its edge pixels are replicated. The crop has the frame's resolution; if S
    would exceed `max_side`, it is downscaled by area averaging to S = max_side.

    With a `roll` in degrees of at least LEAST_ROLL the square is turned by it, so that the face in the crop is upright.

    An empty box gives one pixel, a box outside the frame the nearest place inside. The height is capped at the frame's
    longest side.
    """
    height, width = frame.shape[:2]
    x1, y1, x2, y2 = np.nan_to_num(np.asarray(xyxy, np.float64)).tolist()
    lies = 45 < abs(roll) < 135
    side = max(round(min(margin * (x2 - x1 if lies else y2 - y1), margin * max(height, width))), 1)
    centre_x = min(max((x1 + x2) / 2, 0), width - 1)
    centre_y = min(max((y1 + y2) / 2, 0), height - 1)
    left, top = int(np.floor(centre_x - side / 2 + 0.5)), int(np.floor(centre_y - side / 2 + 0.5))
    if abs(roll) < LEAST_ROLL:
        crop = _scaled(_cut(frame, left, top, side), max_side)
    else:
        crop = _turned(frame, left, top, side, max_side, roll)
    return np.ascontiguousarray(crop), np.array([left, top, left + side, top + side], np.float32)


def _cut(frame: np.ndarray, left: int, top: int, side: int) -> np.ndarray:
    height, width = frame.shape[:2]
    right, bottom = left + side, top + side
    crop = frame[max(top, 0) : bottom, max(left, 0) : right]
    if crop.shape[:2] != (side, side):
        outside = max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0)
        crop = cv2.copyMakeBorder(crop, *outside, cv2.BORDER_REPLICATE)
    return crop


def _turned(frame: np.ndarray, left: int, top: int, side: int, max_side: int, roll: float) -> np.ndarray:
    """The square turned about its centre; a large one is downscaled first, because turning does not average."""
    cosine, sine = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    around = math.ceil(side * (abs(cosine) + abs(sine)) / 2) * 2 + side % 2  # the upright square around the turned one
    margin = (around - side) // 2
    source = _cut(frame, left - margin, top - margin, around)
    small = min(side, max_side)
    source = _scaled(source, max(round(around * small / side), 1))
    middle, centre = (small - 1) / 2, (len(source) - 1) / 2
    to_source = np.array(
        [
            [cosine, -sine, centre - middle * (cosine - sine)],
            [sine, cosine, centre - middle * (sine + cosine)],
        ]
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(source, to_source, (small, small), flags=how, borderMode=cv2.BORDER_REPLICATE))


def _scaled(crop: np.ndarray, max_side: int) -> np.ndarray:
    if len(crop) <= max_side:
        return crop
    return np.asarray(cv2.resize(crop, (max_side, max_side), interpolation=cv2.INTER_AREA))
