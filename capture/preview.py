"""The small JPEG of a frame that viewers get."""

import cv2
import numpy as np
from numpy.typing import NDArray

_QUALITY = 80
_MOST_ROWS = 65_500
"""Of a JPEG."""


def preview_jpeg(frame: NDArray[np.uint8], width: int) -> bytes:
    """(H, W, 3) uint8 BGR → JPEG, scaled down to at most `width` pixels across and what a JPEG can be high."""
    height, full = frame.shape[:2]
    scale = min(1.0, width / full, _MOST_ROWS / height)
    if scale < 1:
        small = (max(1, round(full * scale)), max(1, round(height * scale)))
        frame = cv2.resize(frame, small, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    _, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes()
