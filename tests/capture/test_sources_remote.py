"""Pictures behind http URLs: found by what the server says, read like files, and nothing else is kept from streams."""

import base64
import contextlib
import io
import threading
from collections.abc import Callable, Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count

import numpy as np
import pytest
from PIL import ExifTags, Image
from typing_extensions import override

from capture.sources import Frame, HttpSource, SourceError, SourceUnavailable, UrlSource, http_fetch
from capture.sources.http_fetch import Answer, Fetcher

LIMIT = 10_000
Reply = tuple[int, dict[str, str], bytes]


def picture(grey: int, kind: str = "PNG", **options: object) -> bytes:
    """An image file of one colour, 8 by 4 pixels."""
    file = io.BytesIO()
    Image.new("L", (8, 4), grey).save(file, kind, **options)
    return file.getvalue()


class Server(BaseHTTPRequestHandler):
    """Answers as a test's `answers` say, by path; `requests` are the headers of what was asked."""

    answers: dict[str, Callable[[Message], Reply]]
    requests: list[Message]

    def log_message(self, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.requests.append(self.headers)
        status, headers, body = self.answers[self.path](self.headers)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(BrokenPipeError):  # whoever asked has heard enough
            self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[str]:
    """host:port of a server on this host."""
    Server.answers, Server.requests = {}, []
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
    thread.start()
    yield f"127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def answer(path: str, kind: str | None, body: bytes, status: int = 200, **headers: str) -> None:
    """Let the server answer so."""
    typed = {} if kind is None else {"Content-Type": kind}
    Server.answers[path] = lambda _: (status, typed | headers, body)


class Stream(UrlSource):
    """The source that reads what is no picture."""

    def __init__(self) -> None:
        super().__init__("http://shown", lambda: 0.0, LIMIT)
        self.opened: list[Answer | None] = []

    @override
    def open(self, answer: Answer | None = None) -> None:
        self.opened.append(answer)
        self.warnings = ["of the stream"]
        if answer is not None:
            answer.close()

    @override
    def read(self) -> Frame | None:
        return Frame(np.zeros((1, 1, 3), np.uint8), 7.0, 7)


def source_at(url: str, *, stays: bool = False, seconds: float = 0.01, limit: int = LIMIT) -> tuple[HttpSource, Stream]:
    """A source whose clock goes by 10 s per look at it, so that nothing waits."""
    stream, clock = Stream(), count(0, 10)
    source = HttpSource(stream, lambda: float(next(clock)), limit, Fetcher(url, 2.0), seconds, stays=stays)
    return source, stream


def test_a_picture_is_one_frame_upright(server: str) -> None:
    """With its EXIF turn, whatever the URL is called; it may be opened again."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    answer("/snapshot.cgi?id=1", "image/jpeg; charset=binary", picture(90, "JPEG", exif=exif))
    source, stream = source_at(f"http://{server}/snapshot.cgi?id=1")
    for _ in range(2):
        source.open()
        frame = source.read()
        assert frame is not None
        assert (frame.index, frame.image.shape, int(frame.image[0, 0, 0])) == (0, (8, 4, 3), 90)
        assert source.read() is None
    assert (source.live_only, source.paced, source.warnings, source.label) == (True, False, [], "http://shown")
    assert not stream.opened


@pytest.mark.parametrize("kind", ["multipart/x-mixed-replace; boundary=x", "video/mp4", "text/html", None])
def test_anything_else_is_the_streams(server: str, kind: str | None) -> None:
    """It is read in the answer that told so, not asked for again: some cameras have one viewer at a time."""
    answer("/photo.jpg", kind, picture(1))
    source, stream = source_at(f"http://{server}/photo.jpg")
    for _ in range(3):
        source.open()
    assert [answer.kind for answer in stream.opened if answer] == [(kind or "").partition(";")[0]] * 3
    assert len(Server.requests) == 3
    frame = source.read()
    assert frame is not None
    assert (frame.index, source.warnings) == (7, ["of the stream"])


def test_a_picture_that_stays_is_a_slow_camera(server: str) -> None:
    """It is asked for again, with its version, and is the same frame if the server says so."""
    bodies = [picture(10), picture(20), picture(30)]

    def changing(headers: Message) -> Reply:
        at = len(Server.requests) // 2
        same = headers["If-None-Match"] == f'"{at}"'
        return (304, {}, b"") if same else (200, {"Content-Type": "image/png", "ETag": f'"{at}"'}, bodies[at])

    Server.answers["/a"] = changing
    source, _ = source_at(f"http://{server}/a", stays=True)
    source.open()
    frames = [source.read() for _ in range(5)]
    assert [int(frame.image[0, 0, 0]) for frame in frames if frame] == [10, 20, 20, 30, 30]
    assert [frame.index for frame in frames if frame] == [0, 1, 2, 3, 4]
    assert [frame.pts for frame in frames if frame] == [10.0, 30.0, 50.0, 70.0, 90.0]
    assert Server.requests[0]["If-None-Match"] is None
    answer("/a", "text/html", b"gone")
    with pytest.raises(SourceUnavailable, match="no picture 5"):
        source.read()


def test_an_animation_has_its_own_times(server: str) -> None:
    """It is paced by them and ends, like a recording."""
    frames = [Image.new("L", (4, 4), 50 * n) for n in range(3)]
    file = io.BytesIO()
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=[50, 200, 50])
    answer("/a.gif", "image/gif", file.getvalue())
    source, _ = source_at(f"http://{server}/a.gif", stays=True)
    source.open()
    assert source.paced
    assert [round(frame.pts, 3) for frame in iter(source.read, None)] == [0.0, 0.05, 0.25]


def test_a_damaged_picture_is_told_and_rubbish_is_refused(server: str) -> None:
    """As it is with files."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (48, 64), dtype=np.uint8)).save(file, "PNG")
    answer("/a", "image/png", file.getvalue()[:-300])
    source, _ = source_at(f"http://{server}/a")
    source.open()
    assert source.read() is not None
    assert ["shown as far as it goes" in warning for warning in source.warnings] == [True]
    answer("/a", "image/svg+xml", b"<svg/>")
    with pytest.raises(SourceError, match="http://shown: is not an image"):
        source.open()
    answer("/a", "image/png", picture(1))
    with pytest.raises(SourceError, match="8x4 = 32 pixels are more than the limit of 31"):
        source_at(f"http://{server}/a", limit=31)[0].open()


def test_a_name_and_password_are_given_and_not_repeated(server: str) -> None:
    """Only to the host they are for, which must ask; an answer of 401 is told without them."""
    wanted = "Basic " + base64.b64encode(b"me:se/cret").decode()

    def locked(headers: Message) -> Reply:
        if headers["Authorization"] != wanted:
            return 401, {"WWW-Authenticate": 'Basic realm="camera"'}, b""
        return 200, {"Content-Type": "image/png"}, picture(5)

    Server.answers["/a%20b"] = locked
    source, _ = source_at(f"http://me:se%2Fcret@{server}/a b")
    source.open()
    assert source.read() is not None
    with pytest.raises(SourceUnavailable, match=r"http://me:\*\*\*@127.* cannot be opened \(401") as caught:
        source_at(f"http://me:wrong@{server}/a b")[0].open()
    assert "wrong" not in str(caught.value)


def test_redirects_stay_within_http(server: str) -> None:
    """A server cannot make us read a file of this machine."""
    answer("/a", None, b"", 302, Location="/b")
    answer("/b", "image/png", picture(5))
    source, _ = source_at(f"http://{server}/a")
    source.open()
    assert source.read() is not None
    answer("/a", None, b"", 302, Location="file:///etc/hostname")
    with pytest.raises(SourceUnavailable, match="cannot be opened"):
        source.open()


def test_errors_and_silence_may_pass(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is not there, refuses or stalls is tried again."""
    over = threading.Event()
    answer("/no", None, b"", 404)
    Server.answers["/mute"] = lambda _: ((over.wait(20) and 500) or 500, {}, b"")
    for path, reason in (("/no", "404 Not Found"), ("/mute", "timed out")):
        stream = Stream()
        with pytest.raises(SourceUnavailable, match=f"cannot be opened .*{reason}"):
            HttpSource(stream, lambda: 0.0, LIMIT, Fetcher(f"http://{server}{path}", 0.2)).open()
        assert not stream.opened
    over.set()
    with pytest.raises(SourceUnavailable, match="refused"):
        source_at("http://127.0.0.1:9/a")[0].open()


def test_what_does_not_end_is_no_picture(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some cameras call a stream of JPEGs an image."""
    monkeypatch.setattr(http_fetch, "_MOST_BYTES", 1000)
    answer("/a", "image/jpeg", bytes(100_000))
    source, stream = source_at(f"http://{server}/a")
    source.open()
    assert stream.opened == [None]
