"""How well a face can be seen: size, sharpness, noise, light, roll, turn, and the texture of its mouth. Pure.

Light, sharpness, noise and texture are those of the upright crop in grey, reduced to DETAIL pixels for the face's
height (what a network sees of it) and never enlarged.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from detector.crops import LEAST_ROLL
from shared.messages import Point, Quality

MARGIN = 1.3
"""Side of the crops in face heights."""
DETAIL = 48
FACE_WIDTH = 0.75
"""In face heights."""
ROUNDING = 1 / math.sqrt(12)
"""Standard deviation of rounding to whole grey levels: less noise, and less contrast, cannot be told from none."""
ORDINARY = 40.0
"""Contrast of an ordinary face in grey levels: noise is not better hidden by more."""
UNTEXTURED = 0.2
"""Grey levels per pixel; what has less texture around the eyes has none to compare with."""
MOST_TURNED = 10.0
_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def measure(
    crop: np.ndarray, square: npt.ArrayLike, xyxy: npt.ArrayLike, landmarks: npt.ArrayLike, roll: float
) -> Quality:
    """The quality of one face.

    - `size`: the smaller side of its box in pixels of the frame.
    - `brightness`, `contrast`: mean and standard deviation of its grey values, 0..255.
    - `sharpness`: standard deviation of what averaging over 3 x 3 pixels takes away, as a share of the contrast.
    - `noise`: standard deviation of the noise (Immerkaer 1996, doi 10.1006/cviu.1996.0060, but by the median, which
      wrinkles do not move), as a share of the contrast or of ORDINARY, if that is less. What a face shows within a
      pixel looks like noise, in inverse proportion to its height; below DETAIL pixels the share is reduced by that.
    - `roll`: as given.
    - `turned`: the distance from the eyes to the mouth over that between the eyes: 1.1 in the middle for faces that
      look at the camera, and larger the further they are turned to a side. Not an angle: faces differ.
    - `mouth`: mean gradient around the mouth as a share of that around the eyes.

    Args:
        crop: the upright square (S, S, 3) uint8 BGR around the face, MARGIN face heights wide.
        square: its xyxy (4,) in the frame, before it was turned.
        xyxy: the face's box (4,) in the frame.
        landmarks: (5, 2) in the frame: eyes, nose, corners of the mouth.
        roll: degrees by which the head is tilted, clockwise.
    """
    left, top, right, bottom = np.asarray(xyxy, np.float64).tolist()
    grey = _reduced(crop)
    side = len(grey)
    height = side / MARGIN
    face = _window(grey, side / 2, side / 2, height * FACE_WIDTH / 2, height / 2).astype(np.float32)
    brightness, contrast = (float(one[0, 0]) for one in cv2.meanStdDev(face))
    least = max(contrast, ROUNDING)
    detail = face - cv2.blur(face, (3, 3), borderType=cv2.BORDER_REPLICATE)
    noise = max(_noise(face), ROUNDING) / min(least, ORDINARY)
    places = _in_crop(np.asarray(landmarks, np.float64), np.asarray(square, np.float64), side, roll)
    return Quality(
        size=round(min(right - left, bottom - top), 1),
        sharpness=round(float(cv2.meanStdDev(detail)[1][0, 0]) / least, 4),
        noise=round(noise * min(height / DETAIL, 1.0), 4),
        brightness=round(brightness, 1),
        contrast=round(contrast, 1),
        roll=round(roll, 1),
        turned=round(_turned(places), 3),
        mouth=round(_mouth(grey, places), 3),
    )


def _noise(face: np.ndarray) -> float:
    """Of white noise of standard deviation 1 Immerkaer's mask makes 6; half of its values are then below 0.6745 x 6."""
    curved = np.abs(cv2.filter2D(face, -1, _LAPLACIANS)).ravel()
    return float(np.partition(curved, len(curved) // 2)[len(curved) // 2]) / (0.6745 * 6)


def _reduced(crop: np.ndarray) -> np.ndarray:
    """In grey, at most DETAIL pixels for a face; averaging first takes a third of the time of OpenCV's INTER_AREA."""
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    side = round(MARGIN * DETAIL)
    if len(grey) <= side:
        return grey
    averaged = len(grey) // side
    return np.asarray(cv2.resize(cv2.blur(grey, (averaged, averaged)), (side, side), interpolation=cv2.INTER_LINEAR))


def _in_crop(points: np.ndarray, square: np.ndarray, side: int, roll: float) -> list[Point]:
    """Points (N, 2) of the frame in the crop of `side` pixels, turned upright as `crops.square_crop` does."""
    angle = math.radians(roll) if abs(roll) >= LEAST_ROLL else 0.0
    left, top, right, bottom = square.tolist()
    scale = side / (right - left)
    cosine, sine = math.cos(angle) * scale, math.sin(angle) * scale
    centred = ((x - (left + right) / 2, y - (top + bottom) / 2) for x, y in np.nan_to_num(points).tolist())
    return [(x * cosine + y * sine + side / 2, y * cosine - x * sine + side / 2) for x, y in centred]


def _middles(places: Sequence[Point]) -> tuple[Point, Point]:
    """Between the eyes, and between the corners of the mouth."""
    (a_x, a_y), (b_x, b_y), _, (c_x, c_y), (d_x, d_y) = places
    return ((a_x + b_x) / 2, (a_y + b_y) / 2), ((c_x + d_x) / 2, (c_y + d_y) / 2)


def _turned(places: Sequence[Point]) -> float:
    """The eyes' distance is along their line, that of eyes and mouth across it."""
    eyes, mouth = _middles(places)
    right, down = places[1][0] - places[0][0], places[1][1] - places[0][1]
    across = abs(right * (mouth[1] - eyes[1]) - down * (mouth[0] - eyes[0]))
    return min(across / max(right**2 + down**2, 1e-6), MOST_TURNED)


def _mouth(grey: np.ndarray, places: Sequence[Point]) -> float:
    (eye_x, eye_y), (mouth_x, mouth_y) = _middles(places)
    face = max(mouth_y - eye_y, 1.0)
    half = max((places[1][0] - places[0][0]) / 2, 0.3 * face)
    across, down = (cv2.Sobel(grey, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    texture = cv2.magnitude(across, down)
    eyes = _window(texture, eye_x, eye_y, 1.4 * half, 0.35 * face)
    mouth = _window(texture, mouth_x, mouth_y + 0.075 * face, half, 0.325 * face)
    return float(cv2.mean(mouth)[0] / max(cv2.mean(eyes)[0], UNTEXTURED))


def _window(picture: np.ndarray, x: float, y: float, half_width: float, half_height: float) -> np.ndarray:
    """The part of a picture (H, W) around a place, in whole pixels, at least one of them inside."""
    height, width = picture.shape
    top, left = min(max(round(y - half_height), 0), height - 1), min(max(round(x - half_width), 0), width - 1)
    return picture[top : max(round(y + half_height), top + 1), left : max(round(x + half_width), left + 1)]
