"""Preview JPEGs for viewers, made only while someone subscribes, at a limited rate."""

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.messages import Header, Preview
from shared.topics import Envelope

_QUALITY = 80
_MOST_ROWS = 65_500  # of a JPEG


def preview_jpeg(frame: NDArray[np.uint8], width: int) -> bytes:
    """(H, W, 3) uint8 BGR → JPEG, scaled down to at most `width` pixels across and the height limit of JPEG."""
    height, full = frame.shape[:2]
    scale = min(1.0, width / full, _MOST_ROWS / height)
    if scale < 1:
        small = (max(1, round(full * scale)), max(1, round(height * scale)))
        frame = cv2.resize(frame, small, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    _, jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return jpeg.tobytes()


class Previews:
    """At most `fps` previews per second and source, each at most `width` pixels across."""

    def __init__(self, width: int, fps: float):
        self._width = width
        self._apart_s = 0.9 / fps
        self._made_at: dict[str, float] = {}

    def is_due(self, source: str, subscribed: Collection[str], now: float) -> bool:
        """Whether someone subscribes to a source's previews and the last one was long enough ago."""
        topic = f"preview/{source}/"
        is_wanted = any(topic.startswith(prefix) for prefix in subscribed)
        return is_wanted and now - self._made_at.get(source, float("-inf")) >= self._apart_s

    def make(self, header: Header, image: NDArray[np.uint8], now: float) -> Envelope:
        """The preview of a frame (H, W, 3) uint8 BGR."""
        self._made_at[header["source"]] = now
        height, width = image.shape[:2]
        preview = Preview(**header, jpeg=preview_jpeg(image, self._width), size=(width, height))
        return Envelope("preview", header["source"], preview)
