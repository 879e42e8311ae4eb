"""A tiny grey picture of each face, by which the smoother tells a change of light from a change of people."""

import cv2
import numpy as np
import numpy.typing as npt

from detector.crops import roll, square_crop

SIDE = 16
"""Pixels."""
_EXTENT = 5.2
"""The square's side as a multiple of the root mean square distance of eyes and mouth corners from their centre: chin to
hairline, and the cheeks' outline."""
_MEAN, _DEVIATION = 128, 45  # of the grey values, whatever the light


def thumbnail(frame: npt.NDArray[np.uint8], landmarks: npt.ArrayLike) -> bytes:
    """The face upright and at one size, in grey, normalised for brightness and contrast.

    Args:
        frame: (H, W, 3) uint8 BGR.
        landmarks: (5, 2) in its pixels: eyes, nose, mouth corners.

    Returns:
        SIDE x SIDE grey values 0 to 255, rows from the top.
    """
    points = np.nan_to_num(np.asarray(landmarks, np.float64))[[0, 1, 3, 4]]
    centre = points.mean(axis=0)
    half = _EXTENT / 2 * float(np.sqrt(np.mean(np.sum((points - centre) ** 2, axis=1))))
    square = (*(centre - half), *(centre + half))
    crop, _ = square_crop(frame, square, margin=1.0, max_side=2 * SIDE, roll=roll(landmarks))
    grey = cv2.resize(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    values = grey.astype(np.float32)
    normal = (values - values.mean()) / max(float(values.std()), 1.0)
    return bytes((_MEAN + _DEVIATION * normal).clip(0, 255).astype(np.uint8))
