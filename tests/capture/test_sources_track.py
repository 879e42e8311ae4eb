"""Of several tracks the film is read; a container without one is refused."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from capture.sources import SourceError
from tests.capture.films import corners, fill_with_silence, film, opened, picture, read


def grey(level: int, size: tuple[int, int]) -> av.VideoFrame:
    """A picture of one level."""
    return av.VideoFrame.from_ndarray(np.full((*size[::-1], 3), level, np.uint8), "bgr24")


@pytest.mark.parametrize(("default", "shown"), [(None, (96, 64)), (0, (64, 48)), (1, (96, 64)), (2, (64, 48))])
def test_the_default_track_else_the_largest(tmp_path, default, shown) -> None:
    """As FFmpeg's own programs choose; variants of a playlist are such tracks, too."""
    sizes = [(64, 48), (96, 64), (64, 48)]
    with av.open(str(tmp_path / "a.mkv"), "w") as output:
        streams = []
        for number, size in enumerate(sizes):
            stream = output.add_stream("ffv1", rate=25)
            (stream.width, stream.height), stream.pix_fmt = size, "bgr0"
            stream.disposition = Disposition.default if number == default else Disposition(0)
            streams.append(stream)
        for number, (stream, size) in enumerate(zip(streams, sizes, strict=True)):
            output.mux(stream.encode(grey(50 + 50 * number, size).reformat(format="bgr0")))
            output.mux(stream.encode(None))
    frame = read(tmp_path / "a.mkv")[0][0]
    assert frame.size == shown
    assert frame.image.mean() == pytest.approx(50 + 50 * (1 if default is None else default), abs=1)


def with_cover(path: Path, frames: int, *, flagged: bool) -> Path:
    """A film of so many frames, with sound, behind a cover picture that is larger, and perhaps called one."""
    with av.open(str(path), "w") as output:
        cover: Any = output.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 128, 96, "yuvj420p"
        cover.disposition = Disposition.attached_pic if flagged else Disposition.default
        moving: Any = output.add_stream("libx264", rate=25) if frames else None
        silence = output.add_stream("aac", rate=8000, layout="mono")
        if moving:
            moving.width, moving.height, moving.pix_fmt, moving.disposition = 64, 48, "yuv420p", Disposition(0)
        output.mux(cover.encode(grey(99, (128, 96)).reformat(format="yuvj420p")))
        output.mux(cover.encode(None))
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(index), "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(moving.encode(frame))
        if moving:
            output.mux(moving.encode(None))
        fill_with_silence(output, silence, 1.0)
    return path


@pytest.mark.parametrize(("name", "flagged"), [("a.mp4", True), ("a.mkv", False)])
def test_a_cover_picture_is_not_the_film(tmp_path, name, flagged) -> None:
    """Though it stands before it, is larger, and may not be called what it is."""
    frames, warnings = read(with_cover(tmp_path / name, 10, flagged=flagged))
    assert [corners(frame.image) for frame in frames] == ["rgb-"] * 10
    assert warnings == []


def test_a_song_is_refused(tmp_path) -> None:
    """With a cover or without, in one line that says what there is."""
    with pytest.raises(SourceError, match=r"has no moving picture, only a cover picture$"):
        opened(with_cover(tmp_path / "a.mp4", 0, flagged=True))
    with av.open(str(tmp_path / "b.mp4"), "w") as output:
        fill_with_silence(output, output.add_stream("aac", rate=8000, layout="mono"), 1.0)
    with pytest.raises(SourceError, match=r"has no moving picture, no video track$"):
        opened(tmp_path / "b.mp4")


def test_a_format_without_a_decoder_is_named(tmp_path) -> None:
    """By FFmpeg's name for it or the container's."""
    path = film(tmp_path / "a.avi", "mjpeg", pixels="yuvj420p")
    path.write_bytes(path.read_bytes().replace(b"MJPG", b"XYZW"))
    with pytest.raises(SourceError, match=r"there is no decoder for its video \(none \(XYZW / 0x575A5958\)\)"):
        opened(path)
