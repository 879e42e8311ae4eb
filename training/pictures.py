"""Reads images of one face each, decoded as the pipeline decodes pictures."""

import io

import cv2
import numpy as np

from shared.errors import SourceError
from shared.pictures import load_picture
from shared.settings import DEFAULTS

SIDE = 48


def middle_square(picture: np.ndarray) -> np.ndarray:
    """The largest centred square of an image (H, W) or (H, W, 3), a view."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def read_face(name: str, content: bytes) -> np.ndarray:
    """The middle square of an image file as (48, 48) uint8 grey.

    Raises SourceError, naming the file `name`, if it is not an image, is damaged, or has too many pixels.
    """
    picture = load_picture(io.BytesIO(content), name, DEFAULTS.max_pixels, limit="")
    if picture.fault:
        raise SourceError(picture.fault)
    grey = cv2.cvtColor(middle_square(picture.image), cv2.COLOR_BGR2GRAY)
    if grey.shape != (SIDE, SIDE):
        grey = cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(grey)
