"""Small films made with PyAV, and what PyAV itself reads from them."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from capture.sources import FileSource, Frame

os.environ.setdefault("SVT_LOG", "0")  # SVT-AV1 would write a page to stderr

SIZE = (64, 48)
LIMIT = 10_000_000
FIELDS = {"flags": "+ilme+ildct"}
"""Encoders' option for interlaced films."""
QUIET = {"libx265": {"x265-params": "log-level=none"}, "libsvtav1": {"preset": "12", "svtav1-params": "lp=1"}}


def picture(index: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 BGR: red and green above, blue and a grey that tells the index below."""
    width, height = size
    image = np.empty((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (30, 30, 200)
    image[: height // 2, width // 2 :] = (30, 200, 30)
    image[height // 2 :, : width // 2] = (200, 30, 30)
    image[height // 2 :, width // 2 :] = 40 + 8 * (index % 25)
    return image


def film(
    path: Path,
    codec: str = "libx264",
    images: Iterable[NDArray[np.uint8]] | int = 20,
    *,
    rate: Fraction | int = 25,
    pixels: str = "yuv420p",
    options: Mapping[str, str] | None = None,
    container: str | None = None,
    muxing: Mapping[str, str] | None = None,
    stamps: Sequence[int] | None = None,
    prepare: Callable[[Any], object] = lambda stream: None,
    touch: Callable[[av.VideoFrame], av.VideoFrame] = lambda frame: frame,
) -> Path:
    """Write a film; `stamps` are in frames, `prepare` gets the stream and `touch` changes each frame."""
    images = [picture(index) for index in range(images)] if isinstance(images, int) else list(images)
    with av.open(str(path), "w", format=container, options=dict(muxing or {})) as output:
        stream: Any = output.add_stream(codec, rate=rate, options={**QUIET.get(codec, {}), **(options or {})})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pixels
        stream.codec_context.thread_count = 1
        prepare(stream)
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format=pixels)
            frame.pts, frame.time_base = (stamps[index] if stamps else index), Fraction(1) / rate
            output.mux(stream.encode(touch(frame)))
        output.mux(stream.encode(None))
    return path


class Row(NamedTuple):
    """One frame of PyAV's own frame table."""

    pts: float | None
    colour: NDArray[np.float64]


def table(path: Path) -> list[Row]:
    """What PyAV's plain decoding gives: seconds from the first stamp, mean BGR."""
    with av.open(str(path)) as media:
        best: Any = media.streams.best("video")
        decoded: Iterable[av.VideoFrame] = media.decode(best)
        rows = [Row(frame.time, _bgr(frame).mean((0, 1))) for frame in decoded]
    first = next((row.pts for row in rows if row.pts is not None), 0.0)
    return [Row(None if row.pts is None else row.pts - first, row.colour) for row in rows]


def _bgr(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray(format="bgr24", interpolation=Interpolation.BICUBIC, threads=1), np.uint8)


def opened(path: Path, limit: int = LIMIT) -> FileSource:
    """The source, open."""
    source = FileSource(path, limit)
    source.open()
    return source


def read(path: Path) -> tuple[list[Frame], list[str]]:
    """A film's frames and warnings."""
    source = opened(path)
    frames = list(iter(source.read, None))
    source.close()
    return frames, source.warnings


def times(frames: Iterable[Frame]) -> list[float]:
    """Their `pts`."""
    return [frame.pts for frame in frames]


def corners(image: NDArray[np.uint8]) -> str:
    """The colours of the four corners, row by row, as in `rgb-`."""
    height, width = image.shape[:2]
    spots = [image[y, x].astype(int) for y in (height // 8, -height // 8) for x in (width // 8, -width // 8)]
    return "".join("bgr"[int(spot.argmax())] if np.ptp(spot) > 90 else "-" for spot in spots)


def fill_with_silence(output: Any, stream: Any, seconds: float) -> None:
    """Write a track of silence, 8 kHz mono."""
    silence = np.zeros((1, 1024), np.float32)
    for index in range(int(seconds * 8000 / 1024)):
        frame = av.AudioFrame.from_ndarray(silence, "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 8000, index * 1024, Fraction(1, 8000)
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def remuxed(
    path: Path,
    source: Path,
    *,
    change: Callable[[Any], object] = lambda packet: True,
    muxing: Mapping[str, str] | None = None,
    sound_s: float = 0.0,
) -> Path:
    """The packets of a film in another container; `change` alters one, or leaves it out."""
    with av.open(str(source)) as media, av.open(str(path), "w", options=dict(muxing or {})) as output:
        stream = output.add_stream_from_template(media.streams.video[0])
        sound = output.add_stream("aac", rate=8000, layout="mono") if sound_s else None
        for packet in media.demux(video=0):
            if packet.size and change(packet):
                packet.stream = stream
                output.mux(packet)
        if sound:
            fill_with_silence(output, sound, sound_s)
    return path


class Flagged:
    """Marks frames as interlaced, upper field first, by FFmpeg's own filter."""

    def __init__(self, size: tuple[int, int], pixels: str = "yuv420p"):
        self.graph = av.filter.Graph()
        source = self.graph.add_buffer(
            width=size[0], height=size[1], format=av.VideoFormat(pixels), time_base=Fraction(1, 25)
        )
        self.graph.link_nodes(source, self.graph.add("setfield", "tff"), self.graph.add("buffersink")).configure()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        self.graph.vpush(frame)
        return self.graph.vpull()
