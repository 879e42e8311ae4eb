"""Which track of a container is the film, and how many packets its header says that it has."""

import re

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from shared.errors import SourceError

_STILL = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_PICTURE_CODECS = ("mjpeg", "png", "bmp", "tiff", "webp")


class NoVideoError(SourceError):
    """There is no moving picture in it."""


def moving_track(container: InputContainer, label: str) -> VideoStream:
    """The default one of the video tracks that move, else the largest, else the first.

    Args:
        container: open.
        label: names it in messages.

    Raises:
        NoVideoError: there is none.
        SourceError: there is no decoder for any of them.
    """
    moving = [stream for stream in container.streams.video if not Disposition(stream.disposition) & _STILL]
    if not moving:
        what = "only a cover picture" if container.streams.video else "no video track"
        raise NoVideoError(f"{label}: has no moving picture, {what}")
    known = [stream for stream in moving if stream.codec_context is not None]
    if not known:
        raise SourceError(f"{label}: there is no decoder for its video ({_described(container)})")
    return max(known, key=_likelihood)


def announced_packets(container: InputContainer, stream: VideoStream) -> int:
    """How many packets the track has by its header, where that can be relied on; else 0.

    MP4 counts what an edit list leaves out, but not in its index; other formats tell nothing, or an estimate.
    """
    kind = container.format.name
    return len(stream.index_entries) if kind.startswith("mov,") else stream.frames if kind == "avi" else 0


def _likelihood(stream: VideoStream) -> tuple[bool, bool, bool, int]:
    """Sorts tracks: last those that move, are the default, are large.

    A still may be one though its container does not say so. A playlist's variants are tracks, none of them the default.
    """
    decoder, is_default = stream.codec_context, bool(Disposition(stream.disposition) & Disposition.default)
    return stream.frames != 1, decoder.name not in _PICTURE_CODECS, is_default, decoder.width * decoder.height


def _described(container: InputContainer) -> str:
    """What FFmpeg calls the first video track's format, as in `none (XYZW / 0x575A5958)`."""
    av.logging.set_level(av.logging.INFO)  # the description comes as a log
    try:
        text = container.dumps_format()  # type: ignore[attr-defined]  # missing in PyAV's stubs
    finally:
        av.logging.set_level(None)
    found = re.search(r"Video: ([^,\n]*)", text)
    return found[1].strip() if found else "of an unknown format"
