"""Cameras that send one JPEG after the other over HTTP."""

import io
from collections.abc import Generator

import av
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from PIL import Image

from capture.sources.device import Clock
from capture.sources.frame import Frame
from capture.sources.http_fetch import Answer
from capture.sources.multipart import MultipartError, parts
from capture.sources.picture import Painter
from shared.pictures import check_pixels

_MOST_REFUSED = 100  # parts in a row


def jpegs(answer: Answer, label: str, clock: Clock, max_pixels: int) -> Generator[Frame, None, None]:
    """The pictures of a multipart stream, each of its own size; `pts` is when it came. Damaged ones are left out.

    Raises:
        MultipartError: it is no multipart stream, or its parts are no JPEGs.
        SourceError: a picture has more than `max_pixels` pixels.
        OSError, HTTPException: the connection failed.
    """
    decoder = VideoCodecContext.create("mjpeg", "r")
    decoder.thread_count = 1
    decoder.options = {"max_pixels": str(2 * max_pixels + 65536)}  # what is a little too large is refused by name
    painter = Painter(label)
    started: float | None = None
    index = refused = 0
    for part in parts(answer.read):
        picture = _decoded(decoder, part.content)
        if picture is None:
            refused += 1
            if refused == _MOST_REFUSED:
                raise MultipartError(f"its parts, typed {part.kind or 'as nothing'}, are no JPEGs")
            check_pixels(label, *_announced_size(part.content), max_pixels)
            continue
        now = clock()
        started = now if started is None else started
        check_pixels(label, picture.width, picture.height, max_pixels)
        yield Frame(painter.paint(picture, (picture.width, picture.height)), now - started, index)
        index, refused = index + 1, 0


def _announced_size(content: bytes) -> tuple[int, int]:
    """The width and height in a picture's header; zeros if there is none."""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as header:
            return header.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return 0, 0


def _decoded(decoder: VideoCodecContext, content: bytes) -> VideoFrame | None:
    """The picture, None if it cannot be decoded."""
    try:
        pictures = decoder.decode(Packet(content)) if content else []
    except av.FFmpegError:
        return None
    return next(iter(pictures), None)
