"""Decodes JPEGs, one after the other, each of its own size."""

import io

import av
import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray
from PIL import Image

from capture.sources.picture import Painter
from shared.errors import AffectError
from shared.pictures import check_pixels


class JpegError(AffectError):
    """What was to be decoded is no JPEG, or damaged throughout."""


class JpegDecoder:
    """FFmpeg's decoder; `label` names the source in messages. Used by one thread."""

    def __init__(self, label: str, max_pixels: int):
        self._label = label
        self._max_pixels = max_pixels
        self._decoder = VideoCodecContext.create("mjpeg", "r")
        self._decoder.thread_count = 1
        self._decoder.options = {"max_pixels": str(2 * max_pixels + 65536)}  # a little too large: refused by name
        self._painter = Painter(label)

    def decode(self, content: bytes) -> NDArray[np.uint8]:
        """The picture, (H, W, 3) uint8 BGR, upright.

        Raises:
            JpegError: it cannot be decoded.
            SourceError: it has more than `max_pixels` pixels; found from its header, before decoding.
        """
        try:
            pictures = self._decoder.decode(Packet(content)) if content else []
        except av.FFmpegError:
            pictures = []
        if not pictures:
            check_pixels(self._label, *_announced_size(content), self._max_pixels)
            raise JpegError(f"{self._label}: is no JPEG, or damaged ({len(content)} bytes)")
        picture = pictures[0]
        check_pixels(self._label, picture.width, picture.height, self._max_pixels)
        return self._painter.paint(picture, (picture.width, picture.height))


def _announced_size(content: bytes) -> tuple[int, int]:
    """The width and height in a picture's header; zeros if there is none."""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as header:
            return header.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return 0, 0
