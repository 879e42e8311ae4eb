"""The small JPEG of a frame that viewers get."""

import cv2
import numpy as np
from numpy.typing import NDArray

_QUALITY = 80


def preview_jpeg(frame: NDArray[np.uint8], width: int) -> bytes:
    """(H, W, 3) uint8 BGR → JPEG, scaled down to at most `width` pixels across."""
    height, full = frame.shape[:2]
    if full > width:
        small = (width, max(1, round(height * width / full)))
        frame = cv2.resize(frame, small, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    _, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes()
