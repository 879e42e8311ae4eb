"""Writes an MP4 beside a film: its frames changed, at their own times, and its sound as it is."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from capture.sources import Frame

_BT709 = 1
_FRAME_DURATION = 1 << 8  # of FFmpeg's avcodec.h: the encoder passes on how long a frame is shown
_OPTIONS = {
    "preset": "superfast",
    "crf": "22",
    "x264-params": "subme=0:partitions=none",
}  # a sixth faster, a fifth larger
_FINEST, _PICTURES = Fraction(1, 1_000_000), Fraction(1, 1000)
_ALONE_S = 1.0
_AAC_HZ = 48_000


class _Times(NamedTuple):
    """From a frame's `pts` to its place in the new file, which begins where the film's earliest track does.

    Attributes:
        unit: of the stamps, in seconds.
        offset_s: where frame 0 lies.
        end_s: where the video ends; None if the film does not tell.
    """

    unit: Fraction
    offset_s: float
    end_s: float | None

    def ticks(self, pts: float) -> int:
        return round((pts + self.offset_s) / float(self.unit))


def write_film(path: Path, frames: Iterable[Frame], film: Path | None, starts_s: float) -> None:
    """Encode frames as H.264 and copy the film's sound; what MP4 cannot hold of it becomes AAC.

    Args:
        path: the file to write.
        frames: in order; a size other than the first one's is fitted into that, an odd one gets another line.
        film: the file whose sound and time stamps are kept; None: there is none.
        starts_s: the film's own time of frame 0, see `Source.starts_s`.
    """
    with ExitStack() as stack:
        media = film and stack.enter_context(av.open(str(film.absolute()), metadata_errors="replace"))
        output = stack.enter_context(av.open(str(path), "w"))
        times = _times(media, starts_s) if media else _Times(_PICTURES, 0.0, None)
        video: Any = None
        sound: Iterator[float] = iter(())
        heard_s = float("-inf")
        size = (0, 0)
        for frame, duration_s in _durations(frames, times):
            if video is None:
                size = frame.size
                video = _video(output, size, times.unit)
                sound = _sound(media, output) if media else sound
            while heard_s <= frame.pts + times.offset_s:
                heard_s = next(sound, float("inf"))
            picture = _encodable(_fitted(frame.image, size))
            picture.pts, picture.time_base = times.ticks(frame.pts), times.unit
            picture.duration = max(times.ticks(frame.pts + duration_s) - picture.pts, 1)
            output.mux(video.encode(picture))
        if video is not None:
            for _ in sound:
                pass
            output.mux(video.encode(None))


def _times(media: InputContainer, starts_s: float) -> _Times:
    begins_s = (media.start_time or 0) / av.time_base
    stream = media.streams.best("video")
    if stream is None or stream.time_base is None:
        return _Times(_PICTURES, starts_s - begins_s, None)
    end_s = None
    if stream.duration is not None and len(media.streams.video) == 1:
        end_s = float(((stream.start_time or 0) + stream.duration) * stream.time_base) - begins_s
    return _Times(max(stream.time_base, _FINEST), starts_s - begins_s, end_s)


def _durations(frames: Iterable[Frame], times: _Times) -> Iterator[tuple[Frame, float]]:
    """Each frame and how long it is shown; the last one to the film's end, or as long as the one before it."""
    before: Frame | None = None
    shown_s = _ALONE_S
    for frame in frames:
        if before is not None:
            shown_s = frame.pts - before.pts
            yield before, shown_s
        before = frame
    if before is not None:
        left_s = 0.0 if times.end_s is None else times.end_s - times.offset_s - before.pts
        yield before, left_s if left_s > 0 else shown_s


def _video(output: OutputContainer, size: tuple[int, int], unit: Fraction) -> Any:
    stream = output.add_stream("libx264", rate=25, options=_OPTIONS)
    stream.width, stream.height = (side + side % 2 for side in size)
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = unit
    stream.codec_context.colorspace = stream.codec_context.color_primaries = stream.codec_context.color_trc = _BT709
    stream.codec_context.color_range = ColorRange.MPEG
    stream.codec_context.flags |= _FRAME_DURATION
    return stream


def _encodable(image: NDArray[np.uint8]) -> av.VideoFrame:
    height, width = image.shape[:2]
    if height % 2 or width % 2:
        image = np.asarray(cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE), np.uint8)
    return av.VideoFrame.from_numpy_buffer(image, "bgr24").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        dst_color_range=ColorRange.MPEG,
        interpolation=Interpolation.AREA,
    )


def _fitted(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture in the middle of one of this width and height, black around it."""
    height, width = image.shape[:2]
    if (width, height) == size:
        return image
    scale = min(size[0] / width, size[1] / height)
    width, height = min(round(width * scale), size[0]) or 1, min(round(height * scale), size[1]) or 1
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    fitted = np.zeros((size[1], size[0], 3), np.uint8)
    fitted[top : top + height, left : left + width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return fitted


def _sound(media: InputContainer, output: OutputContainer) -> Iterator[float]:
    """Write the film's audio, a packet at each step; yields the time up to which it is written, in seconds."""
    tracks = {
        stream.index: (_Copy if stream.codec_context.name in output.supported_codecs else _Recode)(stream, output)
        for stream in media.streams.audio
        if stream.codec_context is not None
    }
    begins_s = Fraction(media.start_time or 0, av.time_base)
    wanted = [stream for stream in media.streams.audio if stream.index in tracks]
    with suppress(av.FFmpegError):  # a damaged end: the rest of the film is silent
        for packet in media.demux(wanted) if wanted else ():
            if packet.size and packet.dts is None:
                continue
            track = tracks[packet.stream.index]
            at = track.write(packet, round(begins_s / packet.time_base))
            if at is not None:
                yield at


class _Copy:
    """An audio track whose packets stay as they are."""

    def __init__(self, stream: Any, output: OutputContainer):
        self._output = output
        self._stream = output.add_stream_from_template(stream)
        self._last: int | None = None

    def write(self, packet: Any, shift: int) -> float | None:
        if packet.dts is None:
            return None
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        if self._last is not None and packet.dts <= self._last:  # where stamps step back, MP4 cannot follow
            return None
        self._last = packet.dts
        at = float(packet.dts * packet.time_base)
        packet.stream = self._stream
        self._output.mux(packet)
        return at


class _Recode:
    """An audio track that MP4 cannot hold, as AAC: 48 kHz, mono or stereo."""

    def __init__(self, stream: Any, output: OutputContainer):
        self._output = output
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        self._stream: Any = output.add_stream("aac", rate=_AAC_HZ, layout=layout)
        self._resampler = av.AudioResampler("fltp", layout, _AAC_HZ)

    def write(self, packet: Any, shift: int) -> float | None:
        at = None
        with suppress(av.error.InvalidDataError):
            for frame in packet.decode():
                if frame.pts is not None:
                    frame.pts -= shift
                    at = float(frame.time)
                for part in self._resampler.resample(frame):
                    self._output.mux(self._stream.encode(part))
        if not packet.size:
            self._output.mux(self._stream.encode(None))
        return at
