"""From a decoded frame to a picture: BGR, upright, at display aspect, in ordinary colours."""

import struct
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import cast

import av
import cv2
import numpy as np
from av.sidedata.sidedata import Type
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from capture.sources.tone import ordinary
from shared.errors import SourceError

_WIDEST = 8  # samples wider or narrower than this are a damaged header's
_MATRICES = (0, 1, 2, 4, 5, 6, 7, 9)  # of AVColorSpace, those that swscale knows; it refuses others
_UNSPECIFIED = 2
_SQUARE = Fraction(1, 100)  # samples this close to square are so by an encoder's rounding


Turn = tuple[int, int, int, int]
"""(a, b, c, d) of a display matrix, which takes a point (x, y) to (ax + cy, bx + dy)."""
UPRIGHT: Turn = (1, 0, 0, 1)
_TURNS: Mapping[int, Turn] = {0: UPRIGHT, 90: (0, -1, 1, 0), 180: (-1, 0, 0, -1), 270: (0, 1, -1, 0)}
"""By degrees, anticlockwise."""


def shown_size(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """Width and height at which a frame's samples are square; the narrow side is stretched, so that nothing is lost.

    Args:
        width: of the frame, in samples.
        height: of the frame, in samples.
        aspect: a sample's width over its height.
    """
    if abs(aspect - 1) < _SQUARE or not Fraction(1, _WIDEST) <= aspect <= _WIDEST:
        return width, height
    return (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))


class Painter:
    """Turns decoded frames into pictures; keeps the converter from one to the next."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._convert = VideoReformatter()
        self._kind: tuple[int, int, int] = 0, 0, 0
        self._turn = UPRIGHT

    def look_at(self, frame: VideoFrame) -> None:
        """Take in what a frame says about its turn, which may hold for those behind it, too; `paint` does it, as well.

        A container's turn comes with every frame, a stream's own message with key frames.
        """
        kind = frame.width, frame.height, frame.rotation
        is_told = frame.key_frame or frame.rotation or kind[:2] != self._kind[:2]
        if is_told and kind != self._kind:
            self._kind, self._turn = kind, _turn_of(frame)

    def paint(self, frame: VideoFrame, size: tuple[int, int]) -> NDArray[np.uint8]:
        """The picture as a viewer sees it.

        Args:
            frame: a decoded progressive frame of any pixel format.
            size: width and height at which its samples are square, see `shown_size`.

        Returns:
            (H, W, 3) uint8 BGR, C-contiguous: turned and mirrored by the display matrix, by the frame's own colour
            matrix and range, HDR tone-mapped, transparency composited on black.

        Raises:
            SourceError: FFmpeg's converter does not know its pixel format.
        """
        transparent = _has_alpha(frame.format.name)
        if frame.colorspace not in _MATRICES:
            frame.colorspace = _UNSPECIFIED
        try:
            converted = self._convert.reformat(
                frame,
                width=size[0],
                height=size[1],
                format="bgra" if transparent else "bgr24",
                interpolation=Interpolation.BICUBIC,
                threads=1,
            )
        except av.FFmpegError as error:
            reason = f"frames of the pixel format {frame.format.name} cannot be shown: {error.strerror}"
            raise SourceError(f"{self._label}: {reason}") from error
        image = np.asarray(converted.to_ndarray(), np.uint8)
        if transparent:
            image = _on_black(image)
        image = ordinary(image, frame.color_trc, frame.color_primaries)
        self.look_at(frame)
        return np.ascontiguousarray(turned(image, self._turn))


@cache
def _has_alpha(format_name: str) -> bool:
    pixels = VideoFormat(format_name)
    return pixels.has_palette or any(component.is_alpha for component in pixels.components)


def _on_black(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 4) BGRA to (H, W, 3) BGR."""
    alpha = image[..., 3]
    opaque = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGRA2BGR), np.uint8)
    if alpha.min() == 255:
        return opaque
    return np.asarray(cv2.multiply(opaque, cv2.merge([alpha] * 3), scale=1 / 255), np.uint8)


def turned(image: NDArray[np.uint8], turn: Turn) -> NDArray[np.uint8]:
    """Turn and mirror a picture by a display matrix, rounded to quarter turns."""
    a, b, c, d = turn
    if abs(b) + abs(c) > abs(a) + abs(d):
        image, to_left, to_top = np.asarray(cv2.transpose(image), np.uint8), c < 0, b < 0
    else:
        to_left, to_top = a < 0, d < 0
    return image[:: -1 if to_top else 1, :: -1 if to_left else 1]


def _turn_of(frame: VideoFrame) -> Turn:
    # PyAV's side data and its frame refer to each other, so the frame's buffer would come back to the decoder when
    # Python looks for cycles, which is not the same in every run: a small copy is looked at
    small = frame.reformat(width=16, height=16, format="gray", threads=1)
    try:
        extra = cast("Mapping[Type, bytes]", small.side_data)  # PyAV's stubs know motion vectors only
    except ValueError:  # there is a kind that PyAV does not know, such as a JPEG's EXIF: its turn is told, no mirroring
        return _TURNS[frame.rotation % 360]
    if Type.DISPLAYMATRIX not in extra:
        return UPRIGHT
    a, b, _, c, d = struct.unpack("=5i", bytes(extra[Type.DISPLAYMATRIX])[:20])
    return a, b, c, d
