"""Recordings behind a URL: every frame at its time, and an end."""

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from capture.sources import Frame, SourceError, SourceUnavailable, UrlSource
from tests.capture.films import FIELDS, SIZE, Flagged, film, picture, read, times
from tests.capture.site import file, sends, site

LIMIT = 1_000_000
PLAIN = {"bf": "0", "g": "10"}


def read_url(url: str, **how: Any) -> tuple[list[Frame], list[str]]:
    """A recording's frames and warnings."""
    source = UrlSource(url, lambda: 0.0, LIMIT, **how)
    source.open()
    assert source.paced
    frames = list(iter(source.read, None))
    source.close()
    return frames, source.warnings


def assert_same(ours: list[Frame], theirs: list[Frame]) -> None:
    """The same pictures at the same times."""
    assert [(frame.index, frame.pts) for frame in ours] == [(frame.index, frame.pts) for frame in theirs]
    assert all(np.array_equal(one.image, other.image) for one, other in zip(ours, theirs, strict=True))


def with_long_sound(path: Path) -> Path:
    """A film of 0.8 s whose sound goes on for 3 s."""
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream("libx264", rate=25, options=PLAIN)
        (video.width, video.height), video.pix_fmt = SIZE, "yuv420p"
        audio: Any = output.add_stream("aac" if path.suffix == ".mp4" else "libopus", rate=48000, layout="mono")
        for index in range(20):
            frame = av.VideoFrame.from_ndarray(picture(index), "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        for index in range(150):
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 960), np.float32), "fltp", "mono")
            sound.sample_rate, sound.pts, sound.time_base = 48000, 960 * index, Fraction(1, 48000)
            output.mux(audio.encode(sound))
        output.mux(audio.encode(None))
    return path


def off_a_key_frame(path: Path) -> Path:
    """An MP4 whose edit list leaves out its first four frames: their stamps are negative."""
    return film(path, options=PLAIN, stamps=range(-4, 16))


def without_duration(path: Path) -> Path:
    """A WebM as browsers record it: written as it came, never finished."""
    return film(path, "libvpx", options={"deadline": "realtime"}, muxing={"live": "1"})


def of_noise(path: Path) -> Path:
    """A film of a few hundred kilobytes, more than is read at once."""
    noise = np.random.default_rng(0)
    return film(path, images=[noise.integers(0, 256, (240, 320, 3), np.uint8) for _ in range(20)], options=PLAIN)


FILMS = {
    "plain.mp4": film,
    "large.mp4": of_noise,
    "large.ts": of_noise,
    "first.mp4": lambda path: film(path, muxing={"movflags": "faststart"}),
    "edited.mp4": off_a_key_frame,
    "sound.mkv": with_long_sound,
    "sound.mp4": with_long_sound,
    "live.webm": without_duration,
    "a.flv": film,
    "a.ts": film,
    "fields.ts": lambda path: film(path, "mpeg2video", options=FIELDS, touch=Flagged(SIZE)),
    "a.mjpeg": lambda path: film(path, "mjpeg", pixels="yuvj420p"),
    "a.avi": lambda path: film(path, "mpeg4"),
}


@pytest.mark.parametrize("gives_parts", [True, False])
@pytest.mark.parametrize("name", FILMS)
def test_a_recording_behind_http_is_that_of_the_file(tmp_path: Path, name: str, gives_parts: bool) -> None:
    """Every frame of the file, at its time, then the end, with its warnings, from servers with and without ranges."""
    path = FILMS[name](tmp_path / name)
    expected, warnings = read(path)
    assert len(expected) == (16 if name == "edited.mp4" else 20)
    with site({"/a": file(path.read_bytes(), gives_parts=gives_parts)}) as server:
        url = f"http://{server.address}/a"
        frames, told = read_url(url)
    assert_same(frames, expected)
    assert told == [warning.replace(str(path), url) for warning in warnings]


def test_a_recording_may_tell_its_length_itself(tmp_path: Path) -> None:
    """Where the server does not: it still ends, and is read in the one answer."""
    path = film(tmp_path / "a.avi", "mjpeg", pixels="yuvj420p", rate=10)
    with site({"/a": sends("video/x-msvideo", path.read_bytes())}) as server:
        frames, _ = read_url(f"http://{server.address}/a")
        assert len(server.asked) == 1
    assert times(frames) == pytest.approx([n / 10 for n in range(20)])


def test_an_index_behind_the_pictures_without_a_length(tmp_path: Path) -> None:
    """An MP4 whose server tells neither its length nor gives parts: asked for twice, it comes whole, and ends."""
    path = of_noise(tmp_path / "a.mp4")
    with site({"/a": sends("video/mp4", path.read_bytes())}) as server:
        frames, warnings = read_url(f"http://{server.address}/a")
        assert len(server.asked) == 2
    assert_same(frames, read(path)[0])
    assert warnings == []


def test_stamps_that_jump_in_a_recording_are_told(tmp_path: Path) -> None:
    """By URL as by file."""
    one = film(tmp_path / "a.ts", options=PLAIN).read_bytes()
    two = film(tmp_path / "b.ts", options=PLAIN, muxing={"output_ts_offset": "500"}).read_bytes()
    with site({"/a": file(one + two)}) as server:
        frames, warnings = read_url(f"http://{server.address}/a")
    assert times(frames) == pytest.approx([n / 25 for n in range(40)], abs=0.001)
    assert [frame.index for frame in frames if frame.jump_s > 400] == [20]
    assert ["time stamps jump once (+499" in warning for warning in warnings] == [True]


def cut(body: bytes, at: int) -> Any:
    """Announces the whole body and closes the connection behind the first `at` bytes."""

    def page(request: Any) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[:at])
        request.close_connection = True

    return page


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.ts", r"no frame \d+, after 0.0 s of waiting for it \(Input/output error\)"),
        ("a.mp4", r"cannot be opened \(closed the connection after \d+ of \d+ bytes\)"),  # whose index is last
    ],
)
def test_a_recording_that_is_broken_off_is_no_end(tmp_path: Path, name: str, reason: str) -> None:
    """A connection that fails in the middle is a failure that may pass, in FFmpeg's words."""
    body = film(tmp_path / name, images=60, options=PLAIN).read_bytes()
    with site({"/a": cut(body, len(body) // 2)}) as server:
        source = UrlSource(f"http://{server.address}/a", lambda: 0.0, LIMIT, stall_seconds=0.5)
        with pytest.raises(SourceUnavailable, match=reason):  # noqa: PT012 - it may fail at once or later
            source.open()
            list(iter(source.read, None))
        source.close()


def test_a_connection_that_breaks_is_made_anew_where_it_broke(tmp_path: Path) -> None:
    """If the server gives parts of the recording: no frame is missing, none comes twice."""
    path = of_noise(tmp_path / "a.ts")
    body = path.read_bytes()

    def page(request: Any) -> None:
        at = int(re.findall(r"\d+", request.headers["Range"] or "0")[0])
        request.send_response(206)
        request.send_header("Content-Range", f"bytes {at}-{len(body) - 1}/{len(body)}")
        request.send_header("Accept-Ranges", "bytes")
        request.send_header("Content-Length", str(len(body) - at))
        request.end_headers()
        request.wfile.write(body[at : at + max(100_000, len(body) // 3)])
        request.close_connection = True

    with site({"/a": page}) as server:
        frames, warnings = read_url(f"http://{server.address}/a")
    assert len(body) > 300_000
    assert_same(frames, read(path)[0])
    assert warnings == []


def test_what_has_no_picture_is_refused(tmp_path: Path) -> None:
    """A song is no film, however often it is asked for."""
    with av.open(str(tmp_path / "a.mp3"), "w") as output:
        audio: Any = output.add_stream("libmp3lame", rate=48000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), "fltp", "mono")
        sound.sample_rate = 48000
        output.mux(audio.encode(sound))
        output.mux(audio.encode(None))
    with site({"/a": file((tmp_path / "a.mp3").read_bytes())}) as server:
        source = UrlSource(f"http://{server.address}/a", lambda: 0.0, LIMIT)
        with pytest.raises(SourceError, match="has no moving picture, no video track"):
            source.open()
        source.close()


def test_headers_that_ffmpeg_is_told_to_send_are_sent(tmp_path: Path) -> None:
    """Of the first request, too, which is not FFmpeg's."""
    body = film(tmp_path / "a.mp4").read_bytes()
    seen: list[Mapping[str, str]] = []

    def page(request: Any) -> None:
        seen.append(dict(request.headers))
        file(body)(request)

    with site({"/a": page}) as server:
        options = {"user_agent": "me", "headers": "X-Key: 1\r\nX-More: 2\r\n", "referer": "http://there/"}
        read_url(f"http://{server.address}/a", options=options)
    assert len(seen) > 1
    for headers in seen:
        assert (headers["User-Agent"], headers["X-Key"], headers["X-More"]) == ("me", "1", "2")
        assert headers["Referer"] == "http://there/"
