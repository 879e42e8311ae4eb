"""Cameras that send one JPEG after the other over HTTP."""

from collections.abc import Generator

from capture.sources.device import Clock
from capture.sources.frame import Frame
from capture.sources.http_fetch import Answer
from capture.sources.jpeg import JpegDecoder, JpegError
from capture.sources.multipart import MultipartError, parts

_MOST_REFUSED = 100  # parts in a row


def jpegs(answer: Answer, label: str, clock: Clock, max_pixels: int) -> Generator[Frame, None, None]:
    """The pictures of a multipart stream, each of its own size; `pts` is when it came. Damaged ones are left out.

    Raises:
        MultipartError: it is no multipart stream, or its parts are no JPEGs.
        SourceError: a picture has more than `max_pixels` pixels.
        OSError, HTTPException: the connection failed.
    """
    decoder = JpegDecoder(label, max_pixels)
    started: float | None = None
    index = refused = 0
    for part in parts(answer.read):
        try:
            image = decoder.decode(part.content)
        except JpegError as error:
            refused += 1
            if refused == _MOST_REFUSED:
                raise MultipartError(f"its parts, typed {part.kind or 'as nothing'}, are no JPEGs") from error
            continue
        now = clock()
        started = now if started is None else started
        yield Frame(image, now - started, index)
        index, refused = index + 1, 0
