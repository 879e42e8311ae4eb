"""Small pictures of people, cut out of the film."""

import base64
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recorder.film import frames
from recorder.survey import View

SIDE = 128
_MARGIN = 1.5
_QUALITY = 82


def thumbnails(film: Path, views: Mapping[int, View]) -> dict[int, str]:
    """A JPEG of each person as a `data:` URL; the film is read up to the last frame that is needed.

    Raises:
        SourceError: the film cannot be read.
    """
    wanted: dict[int, list[int]] = {}
    for track_id, view in views.items():
        wanted.setdefault(view.seq, []).append(track_id)
    pictures: dict[int, str] = {}
    if not wanted:
        return pictures
    for frame in frames(film):
        for track_id in wanted.pop(frame.index, ()):
            pictures[track_id] = _jpeg(cut(frame.image, views[track_id].xyxy))
        if not wanted:
            break
    return pictures


def cut(image: NDArray[np.uint8], xyxy: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """A square around a box, (SIDE, SIDE, 3) uint8 BGR, moved inside the frame; a larger one repeats its edge."""
    x1, y1, x2, y2 = xyxy
    side = max(round(_MARGIN * max(x2 - x1, y2 - y1)), 1)
    height, width = image.shape[:2]
    left = _moved_inside(round((x1 + x2 - side) / 2), side, width)
    top = _moved_inside(round((y1 + y2 - side) / 2), side, height)
    outside = max(-top, 0), max(top + side - height, 0), max(-left, 0), max(left + side - width, 0)
    inside = image[max(top, 0) : top + side, max(left, 0) : left + side]
    square = cv2.copyMakeBorder(inside, *outside, cv2.BORDER_REPLICATE)
    how = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (SIDE, SIDE), interpolation=how), np.uint8)


def _moved_inside(start: int, side: int, length: int) -> int:
    """Where a square begins along one axis, so that it leaves the picture only if it is larger."""
    return (length - side) // 2 if side > length else min(max(start, 0), length - side)


def _jpeg(image: NDArray[np.uint8]) -> str:
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode("ascii")
