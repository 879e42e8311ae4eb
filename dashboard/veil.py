"""Makes the faces in a picture unrecognisable. Pure.

Each face is replaced by a few smoothed cells and the picture encoded anew: what was there cannot be computed back.
"""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.messages import Box

CELLS = 5
"""Cells across a face; as in the recorder's blurred films."""
_MARGIN = 0.2
"""Of the longer side of a box, on each side: boxes end at the chin and the forehead."""
_QUALITY = 80


def veiled(jpeg: bytes, width: int, boxes: Iterable[Box]) -> bytes | None:
    """A picture without recognisable faces.

    Args:
        jpeg: the picture, possibly scaled down.
        width: the frame's width in pixels, to which the boxes belong.
        boxes: faces as [left, top, right, bottom] in pixels of the frame.

    Returns:
        A JPEG of the same size; None if the picture cannot be read.
    """
    try:
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:  # nothing at all
        return None
    if image is None:
        return None
    pixels = image.astype(np.uint8, copy=False)
    scale = pixels.shape[1] / width
    for x1, y1, x2, y2 in boxes:
        more = _MARGIN * max(x2 - x1, y2 - y1)
        _veil(pixels, [scale * edge for edge in (x1 - more, y1 - more, x2 + more, y2 + more)])
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def _veil(image: NDArray[np.uint8], edges: list[float]) -> None:
    """Replace what is between these edges, in place."""
    height, width = image.shape[:2]
    left, right = (int(np.clip(round(edge), 0, width)) for edge in edges[::2])
    top, bottom = (int(np.clip(round(edge), 0, height)) for edge in edges[1::2])
    if right > left and bottom > top:
        cells = cv2.resize(image[top:bottom, left:right], (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        image[top:bottom, left:right] = cv2.resize(cells, (right - left, bottom - top), interpolation=cv2.INTER_CUBIC)
