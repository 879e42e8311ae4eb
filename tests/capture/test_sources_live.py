"""Streams: what comes, at what time and of what size, and what a failure is called."""

import socket
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from capture.demo import demo_frame
from capture.sources import DemoSource, DeviceSource, SourceError, SourceUnavailable, UrlSource
from tests.capture.films import film, picture, times
from tests.capture.site import file, jpeg, mute, sends, site, tcp, until_lost

LIMIT = 1_000_000
FRAMES = 4
PART = b"--part\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n"
MULTIPART = "multipart/x-mixed-replace; boundary=part"


def multipart(*jpegs: bytes, part: bytes = PART) -> bytes:
    """A stream of JPEGs."""
    return b"".join((part % len(jpeg) if b"%d" in part else part) + jpeg + b"\r\n" for jpeg in jpegs)


@pytest.mark.parametrize("then", ["ends", "waits"])
def test_a_stream_that_ends_or_stalls_has_failed(then: str) -> None:
    """All its frames come, then SourceUnavailable within the stall time, without the password; it can be reopened."""
    ticks = count()
    with site({"/a": sends(MULTIPART, multipart(*[jpeg(99)] * FRAMES), then=then)}) as server:
        url = f"http://user:secret@{server.address}/a"
        source = UrlSource(url, lambda: float(next(ticks)), LIMIT, stall_seconds=0.5)
        for _ in range(2):
            frames, why = until_lost(source)
            assert [(f.index, f.pts, f.image.shape) for f in frames] == [(n, 2.0 * n, (48, 64, 3)) for n in range(4)]
            assert why.startswith(f"http://user:***@{server.address}/a: no frame 4, after ")
            assert ("timed out" if then == "waits" else "it ended") in why
        assert not source.paced


@pytest.mark.parametrize(("path", "why"), [("/mute", "timed out"), ("/nothing", "404 Not Found")])
def test_a_url_that_does_not_answer(path: str, why: str, capfd: pytest.CaptureFixture[str]) -> None:
    """No answer in time and a refusal are failures that may pass, told without the password and only by us."""
    with site({"/mute": mute}) as server:
        source = UrlSource(f"http://user:secret@{server.address}{path}", lambda: 0.0, LIMIT, stall_seconds=0.3)
        assert f"cannot be opened ({why})" in until_lost(source)[1]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("scheme", ["http", "https", "rtmp", "rtsp", "rtsps", "tcp"])
def test_a_server_that_says_nothing_is_not_waited_for(scheme: str) -> None:
    """Every protocol is given the stall time, by FFmpeg's options or ours; nobody there is told in FFmpeg's words."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"{scheme}://user:secret@127.0.0.1:{server.getsockname()[1]}/live/a"
        source = UrlSource(address, lambda: 0.0, LIMIT, stall_seconds=0.3)
        assert f"{scheme}://user:***@127.0.0.1" in until_lost(source)[1]
    assert "refused" in until_lost(source)[1]


@pytest.mark.parametrize("url", ["htp://user:secret@host/x", "file:///etc/passwd", "concat:a|b"])
def test_a_scheme_that_is_no_stream(url: str) -> None:
    """A mistyped or local scheme is refused for good, naming those there are."""
    with pytest.raises(SourceError, match=r"no stream is read from .*, but from http, https") as caught:
        UrlSource(url, lambda: 0.0, LIMIT).open()
    assert "secret" not in str(caught.value)


def test_a_protocol_that_is_not_built_in_is_named() -> None:
    """Wheels of PyAV come without SRT; if this one has it, nobody answers."""
    with pytest.raises((SourceError, SourceUnavailable), match=r"has no srt://|cannot be opened"):
        UrlSource("srt://127.0.0.1:9", lambda: 0.0, LIMIT, stall_seconds=0.3).open()


@pytest.mark.parametrize(
    "kind", [MULTIPART, 'multipart/x-mixed-replace;boundary="--part"', "multipart/mixed", "", None]
)
@pytest.mark.parametrize(
    "part",
    [
        PART,
        b"--part\r\nContent-Type: image/jpg\r\nContent-Length: %d\r\n\r\n",
        b"--part\r\nContent-Type: image/jpeg; charset=UTF-8\r\n\r\n",
        b"--part\r\n\r\n",
    ],
)
def test_jpegs_of_any_camera_are_read(kind: str | None, part: bytes) -> None:
    """However the parts and the boundary are written; each picture of its own size and a damaged one left out."""
    pictures = [jpeg(50), jpeg(100), b"\xff\xd8rubbish\xff\xd9", jpeg(150, (48, 80)), jpeg(200, (48, 80))]
    with site({"/a": sends(kind, multipart(*pictures, part=part) + b"--part--\r\n")}) as server:
        frames, _ = until_lost(UrlSource(f"http://{server.address}/a", lambda: 0.0, LIMIT))
        assert len(server.asked) == 1
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 2 + [(80, 48, 3)] * 2
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.image.mean() for frame in frames] == pytest.approx([50, 100, 150, 200], abs=2)


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        ("text/html", b"<!DOCTYPE html>\n<html><title>Log in</title>\n", "sends text/html, no video: Log in"),
        ("video/mp4", b'{"no": "/a?res=secret"}', 'sends video/mp4, no video: {"no": "/a?res=***'),
        (None, b"Too many viewers", "sends text, no video: Too many viewers"),
        (
            MULTIPART,
            b"--part\r\nContent-Type: text/plain\r\n\r\nhello\r\n" * 200,
            "its parts, typed text/plain, are no JPEGs",
        ),
        (MULTIPART, b"<html>", "there is no boundary in it"),
        ("video/mp4", bytes(5000), "cannot be opened (Invalid data found when processing input)"),
        ("video/mp4", b"", "sends video/mp4, no video: nothing"),
    ],
)
@pytest.mark.parametrize("has_length", [True, False])
def test_what_came_instead_is_told(kind: str | None, body: bytes, why: str, has_length: bool) -> None:
    """A page with the status 200 is no video; one line has its type and first words."""
    page = file(body, kind or "") if has_length else sends(kind, body)
    with site({"/a": page}) as server:
        _, told = until_lost(UrlSource(f"http://{server.address}/a", lambda: 0.0, LIMIT))
    assert why in told


@pytest.mark.parametrize("side", [100, 1000])
def test_a_picture_above_the_pixel_limit_is_refused(side: int) -> None:
    """In a stream of JPEGs, too, and before it is decoded if it is far above."""
    with site({"/a": sends(MULTIPART, multipart(jpeg(9), jpeg(9, (side, side))))}) as server:
        source = UrlSource(f"http://{server.address}/a", lambda: 0.0, 64 * 48)
        source.open()
        assert source.read() is not None
        with pytest.raises(SourceError, match=f"{side}x{side} = {side * side} pixels are more than the limit of 3072"):
            source.read()
        source.close()


def test_a_stream_has_the_senders_times_and_sizes(tmp_path: Path) -> None:
    """Two films one after the other over TCP: time goes on where stamps jump, and each frame has its own size."""
    size = (48, 80)
    ahead = {"output_ts_offset": "500"}
    one = film(tmp_path / "a.ts", options={"bf": "0"}, images=10).read_bytes()
    two = film(tmp_path / "b.ts", images=[picture(n, size) for n in range(10)], options={"bf": "0"}, muxing=ahead)
    with tcp(one + two.read_bytes(), two.read_bytes() + one) as address:
        frames, why = until_lost(UrlSource(address, lambda: 0.0, LIMIT))
        back, _ = until_lost(UrlSource(address, lambda: 0.0, LIMIT))
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 10 + [(80, 48, 3)] * 10
    assert times(frames) == times(back) == pytest.approx([n / 25 for n in range(20)], abs=0.001)
    assert [frame.jump_s for frame in frames if frame.jump_s] == pytest.approx([500 - 0.4], abs=0.1)
    assert [frame.index for frame in back if frame.jump_s] == [10]  # for FFmpeg, a clock that has wrapped
    assert "it ended" in why


def test_a_stream_without_stamps_is_timed_by_its_coming(tmp_path: Path) -> None:
    """Bare H.264 has no time; the clock has."""
    ticks = count(0, 0.25)
    body = film(tmp_path / "a.h264", images=5, options={"bf": "0"}).read_bytes()
    with site({"/a": sends(None, body)}) as server:
        frames, _ = until_lost(UrlSource(f"http://{server.address}/a", lambda: float(next(ticks)), LIMIT))
    assert times(frames) == [n * 0.5 for n in range(5)]


def test_live_sources_cannot_skip() -> None:
    """What a camera or stream has shown is gone, and asking for it is told so."""
    for source in (DeviceSource(0, lambda: 0.0, LIMIT), UrlSource("rtsp://h/", lambda: 0.0, LIMIT)):
        assert source.live_only
        with pytest.raises(SourceError, match="cannot skip to frame 3"):
            source.skip_to(3)


def test_the_demo_as_a_source() -> None:
    """The demo is demo_frame at its frame rate; with a length it has a last frame; it can be replayed from anywhere."""
    source = DemoSource((64, 36), fps=10, seconds=0.5)
    source.open()
    frames = [f for f in iter(source.read, None) if f]
    assert [(f.index, f.pts, f.last) for f in frames] == [(n, n / 10, n == 4) for n in range(5)]
    assert np.array_equal(frames[3].image, demo_frame(3, (64, 36), 10))
    source.skip_to(4)
    again = source.read()
    assert again is not None
    assert (again.index, again.last) == (4, True)
