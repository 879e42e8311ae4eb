"""dashboard/stills.py: single pictures and endless ones, as whole as they may be."""

import asyncio
import contextlib
import threading
import urllib.request

import pytest

from dashboard.server import Server, bind, url_of
from dashboard.stills import _Stream
from tests.dashboard.desk import Desk, eventually
from tests.dashboard.made import face, preview, result, source_status, status
from tests.dashboard.test_veil import FACE, detail, noise


def when_wanted(desk, *messages):
    """Say these once somebody wants the source's pictures, from a thread of its own."""

    def say():
        eventually(lambda: desk.board.wanted() == {"preview/cam0/"})
        desk.hear(*messages)

    thread = threading.Thread(target=say)
    thread.start()
    return thread


@pytest.fixture
def desk():
    desk = Desk()
    desk.hear(status("capture", sources=[source_status()]))
    return desk


def test_a_snapshot_is_made_for_whoever_asks(desk):
    """Nobody watched before; afterwards nobody wants previews."""
    saying = when_wanted(desk, preview(1), result(1))
    answer = desk.browser.get("/api/sources/cam0/snapshot.jpg")
    saying.join()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.content == b"cam0 1 1"
    assert desk.board.wanted() == frozenset()


@pytest.mark.parametrize(
    ("path", "status_code", "words"),
    [
        ("/api/sources/cam9/snapshot.jpg", 404, "no source cam9"),
        ("/api/sources/cam9/stream.mjpeg", 404, "no source cam9"),
        ("/api/sources/cam0/snapshot.jpg?pictures=none", 403, "no picture leaves"),
        ("/api/sources/cam0/stream.mjpeg?pictures=none", 403, "no picture leaves"),
    ],
)
def test_what_cannot_be_shown_is_said_in_words(desk, path, status_code, words):
    """The source's name, and why."""
    answer = desk.browser.get(path)
    assert answer.status_code == status_code
    assert words in answer.json()["detail"]


def test_a_source_without_pictures_is_waited_for_and_then_told(desk, monkeypatch):
    """It may be over, or its capture may be on another host."""
    monkeypatch.setattr("dashboard.stills._PATIENCE_S", 0.05)
    answer = desk.browser.get("/api/sources/cam0/snapshot.jpg")
    assert answer.status_code == 503
    assert "cam0 has given no picture" in answer.json()["detail"]
    assert desk.board.wanted() == frozenset()


def test_too_many_viewers_are_told(desk):
    """A snapshot and a stream are viewers while they last."""
    desk.visitors.most = 0
    for path in ("snapshot.jpg", "stream.mjpeg"):
        answer = desk.browser.get(f"/api/sources/cam0/{path}")
        assert answer.status_code == 503
        assert "limit" in answer.json()["detail"]


def test_a_blurred_dashboard_shows_nothing_else():
    """Whatever is asked for."""
    desk = Desk("blurred")
    desk.hear(status("capture", sources=[source_status()]))
    saying = when_wanted(desk, preview(1, jpeg=noise()), result(1, faces=(face(xyxy=FACE),)), result(2))
    answer = desk.browser.get("/api/sources/cam0/snapshot.jpg?pictures=shown")
    saying.join()
    assert detail(answer.content, FACE) < 3


def test_a_dashboard_without_pictures_wants_none_and_sends_none():
    """No preview is even subscribed to."""
    desk = Desk("none")
    desk.hear(status("capture", sources=[source_status()]))
    assert desk.browser.get("/api/sources/cam0/snapshot.jpg").status_code == 403
    with desk.watch() as viewer:
        assert viewer.next(pictures="shown")[0]["pictures_allowed"] == "none"
        assert desk.board.wanted() == frozenset()
        desk.hear(preview(1), result(1))
        assert viewer.next(pictures="shown")[1] == {}


def test_a_stream_is_the_newest_pictures_each_once():
    """One that was not taken in time is left out, and the stream ends with its source."""
    desk = Desk()
    desk.hear(status("capture", sources=[source_status()]))

    async def watch():
        stream = _Stream(desk.window, "cam0", "shown")
        async with contextlib.aclosing(stream.jpegs()) as jpegs:
            coming = asyncio.ensure_future(anext(jpegs))
            await asyncio.sleep(0)
            assert desk.board.wanted() == {"preview/cam0/"}
            for seq in range(3):
                desk.hear(preview(seq), result(seq))
            assert await coming == b"cam0 1 2"
            desk.hear(preview(3), result(3))
            assert await anext(jpegs) == b"cam0 1 3"
            desk.clock.now += 20
            desk.hear(status("capture", pid=2))
            with pytest.raises(StopAsyncIteration):
                await anext(jpegs)
        assert desk.board.wanted() == frozenset()

    asyncio.run(watch())


def test_a_stream_over_http():
    """Parts between boundaries; a boundary follows each picture, so that it is shown at once. Leaving ends it."""
    desk = Desk()
    desk.hear(status("capture", sources=[source_status()]))
    listener = bind("127.0.0.1", 0)
    server = Server(desk.app, listener)
    server.start()
    try:
        saying = when_wanted(desk, preview(1), result(1))
        with urllib.request.urlopen(f"{url_of(listener)}/api/sources/cam0/stream.mjpeg", timeout=20) as answer:  # noqa: S310
            assert answer.headers["content-type"] == "multipart/x-mixed-replace; boundary=frame"
            expected = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 8\r\n\r\ncam0 1 1\r\n--frame\r\n"
            assert answer.read(len(expected)) == expected
        saying.join()
        eventually(lambda: desk.board.viewers == 0)
    finally:
        server.stop()
