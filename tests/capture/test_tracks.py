"""Which of a container's tracks is the film, and what is said where none is."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from capture.sources import SourceError
from tests.capture.films import corners, fill_with_silence, film, opened, picture, read

ATTACHED = Disposition.attached_pic


def two_tracks(path: Path, dispositions: list[Disposition], kinds: list[str]) -> Path:
    """A film of red corners beside one of plain grey; kind `cover` is a single JPEG."""
    with av.open(str(path), "w") as output:
        streams = []
        for kind, disposition in zip(kinds, dispositions, strict=True):
            stream = output.add_stream("mjpeg" if kind == "cover" else "libx264", rate=25)
            stream.width, stream.height = (64, 48)
            stream.pix_fmt = "yuvj420p" if kind == "cover" else "yuv420p"
            stream.disposition = disposition
            streams.append(stream)
        for stream, kind in zip(streams, kinds, strict=True):
            for index in range(1 if kind == "cover" else 10):
                image = picture(index) if kind == "film" else np.full((48, 64, 3), 99, np.uint8)
                frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format=stream.pix_fmt)
                frame.pts, frame.time_base = index, Fraction(1, 25)
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4"])
@pytest.mark.parametrize(
    ("kinds", "dispositions"),
    [
        (["grey", "film"], [Disposition(0), Disposition.default]),
        (["film", "grey"], [Disposition.default, Disposition(0)]),
        (["film", "grey"], [Disposition(0), Disposition(0)]),
        (["cover", "film"], [ATTACHED | Disposition.default, Disposition(0)]),
        (["film", "cover"], [Disposition.default, ATTACHED]),
    ],
)
def test_the_default_track_that_moves(tmp_path, name, kinds, dispositions) -> None:
    """Of several video tracks the default one is read, or the first; a cover picture is none."""
    if name == "a.mp4" and dispositions == [Disposition(0), Disposition.default]:
        dispositions = [Disposition(0), Disposition.default | Disposition.original]
    frames, warnings = read(two_tracks(tmp_path / name, dispositions, kinds))
    assert len(frames) == 10
    assert {corners(frame.image) for frame in frames} == {"rgb-"}
    assert warnings == []


def test_a_timecode_track_is_no_picture(tmp_path) -> None:
    """Data tracks beside the film change nothing."""
    path = film(tmp_path / "a.mov", prepare=lambda stream: stream.metadata.update(timecode="01:00:00:00"))
    assert [stream.type for stream in av.open(str(path)).streams] == ["video", "data"]
    assert len(read(path)[0]) == 20


def song(path: Path, *, cover: bool = False) -> Path:
    """A song, with or without a cover picture."""
    with av.open(str(path), "w") as output:
        sound = output.add_stream("aac", rate=8000, layout="mono")
        if cover:
            picture_track = output.add_stream("mjpeg", rate=25)
            picture_track.width, picture_track.height, picture_track.pix_fmt = 64, 48, "yuvj420p"
            picture_track.disposition = ATTACHED
            output.mux(picture_track.encode(av.VideoFrame(64, 48, "yuvj420p")))
            output.mux(picture_track.encode(None))
        fill_with_silence(output, sound, 0.5)
    return path


def unknown(path: Path) -> Path:
    """A film in a format that does not exist."""
    content = film(path, "mjpeg", pixels="yuvj420p").read_bytes()
    path.write_bytes(content.replace(b"MJPG", b"XYZW"))
    return path


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("a.m4a", song, "has no moving picture, no video track"),
        ("b.mp4", lambda path: song(path, cover=True), "has no moving picture, only a cover picture"),
        ("c.avi", unknown, "there is no decoder for its video (none (XYZW / 0x575A5958))"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_line(tmp_path, capfd, name, make, reason) -> None:
    """One line with the file's name and what is the matter; FFmpeg itself says nothing on stderr."""
    path = make(tmp_path / name)
    capfd.readouterr()
    with pytest.raises(SourceError) as caught:
        opened(path)
    assert str(caught.value) == f"{path}: {reason}"
    assert capfd.readouterr() == ("", "")
