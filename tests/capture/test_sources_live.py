"""Streams and the demo: what comes, at what time, and what a failure is called."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.demo import demo_frame
from capture.sources import (
    DemoSource,
    DeviceSource,
    SourceError,
    SourceUnavailable,
    UrlSource,
)

LIMIT = 1_000_000
FRAMES = 4


class Stream(BaseHTTPRequestHandler):
    """/closes and /stalls send a few JPEGs as multipart; /mute never answers; /clip.avi is a file; else 404."""

    over = threading.Event()
    clip = b""

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/clip.avi":
            self.answer("video/x-msvideo", self.clip)
        elif self.path == "/mute":
            self.over.wait(30)
        elif self.path in ("/closes", "/stalls"):
            jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 99, np.uint8))[1].tobytes()
            head = f"--part\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n".encode()
            self.answer("multipart/x-mixed-replace; boundary=part", (head + jpeg + b"\r\n") * FRAMES)
            if self.path == "/stalls":
                self.over.wait(30)
        else:
            self.send_error(404)

    def answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a stream server on this host, with a user and password in it."""
    Stream.over.clear()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Stream)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://user:secret@127.0.0.1:{httpd.server_port}"
    Stream.over.set()
    httpd.shutdown()
    thread.join()
    httpd.server_close()


@pytest.mark.parametrize("path", ["/closes", "/stalls"])
def test_a_stream_that_ends_or_stalls_has_failed(server: str, path: str) -> None:
    """All its frames come, then SourceUnavailable within the stall time, without the password; it can be reopened."""
    ticks = count()
    source = UrlSource(server + path, lambda: float(next(ticks)), LIMIT, stall_seconds=0.7)
    for _ in range(2):
        source.open()
        frames = [source.read() for _ in range(FRAMES)]
        assert [(f.index, f.pts, f.image.shape) for f in frames if f] == [
            (n, 2.0 * n, (48, 64, 3)) for n in range(FRAMES)
        ]
        with pytest.raises(SourceUnavailable, match=r"user:\*\*\*@127.*no frame 4") as caught:
            source.read()
        assert "secret" not in str(caught.value)
    assert not source.paced
    source.close()


@pytest.mark.parametrize("path", ["/mute", "/nothing"])
def test_a_url_that_does_not_answer(server: str, path: str, capfd: pytest.CaptureFixture[str]) -> None:
    """No answer in time and a refusal are failures that may pass, told without the password and only by us."""
    with pytest.raises(SourceUnavailable, match="cannot be opened") as caught:
        UrlSource(server + path, lambda: 0.0, LIMIT, stall_seconds=0.3).open()
    assert "secret" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_recording_behind_a_url_has_its_own_times_and_an_end(server: str, tmp_path: Path) -> None:
    """A URL that announces its length is paced by its time stamps and ends, where a stream would have failed."""
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(FRAMES):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    Stream.clip = path.read_bytes()
    source = UrlSource(server + "/clip.avi", lambda: 0.0, LIMIT, stall_seconds=2.0)
    source.open()
    assert source.paced
    assert [f.pts for f in iter(source.read, None)] == pytest.approx([0, 0.1, 0.2, 0.3])


@pytest.mark.parametrize("url", ["htp://user:secret@host/x", "file:///etc/passwd"])
def test_a_scheme_that_is_no_stream(url: str) -> None:
    """A mistyped or local scheme is refused for good, naming those there are."""
    with pytest.raises(SourceError, match=r"no stream is read from .*, but from http, https") as caught:
        UrlSource(url, lambda: 0.0, LIMIT).open()
    assert "secret" not in str(caught.value)


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
