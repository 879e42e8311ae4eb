"""dashboard/browser_camera.py: a viewer's camera becomes a source, and its results go back."""

import itertools

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.browser_camera import MOST_BYTES, Cameras, routes
from dashboard.condition import Condition
from dashboard.opened import Opened
from dashboard.outbox import Outbox
from shared.control import PUSHED, CameraFrame
from shared.messages import EMOTIONS
from tests.dashboard.made import face, result, source_status, status
from tests.processes.harness import eventually

JPEG = b"\xff\xd8\xff\xe0 a picture"


class Site:
    """The routes, and a capture that opens whatever it is asked for; its time stands still unless moved."""

    def __init__(self):
        self.now = 0.0
        self.opened, self.outbox = Opened(), Outbox()
        self.condition = Condition("ok")
        self.cameras = Cameras(self.opened, self.outbox, lambda: self.now, lambda source: self.condition)
        self.app = FastAPI()
        self.app.include_router(routes(self.cameras, 0.8))
        self.sources = {}
        self.hear()

    def hear(self):
        self.opened.hear(status("capture", sources=list(self.sources.values())), self.now)

    def capture(self, state="running", **further):
        """Do what the capture is told, in the given state; returns the names of its sources."""
        for control in self.opened.due(self.now):
            self.sources.pop(control.source, None)
            if control.opening:
                assert control.opening.spec == PUSHED
                self.sources[control.source] = source_status(control.source, state, added=True, **further)
        self.hear()
        return list(self.sources)

    def frames(self):
        return [envelope.message for envelope in self.outbox.empty()]

    def connect(self):
        return TestClient(self.app).websocket_connect("/camera/feed")


@pytest.fixture
def site():
    site = Site()
    yield site
    site.outbox.close()


@pytest.fixture
def socket(site):
    with site.connect() as socket:
        begin(site, socket)
        yield socket


def begin(site, socket, name="Anna"):
    socket.send_json({"name": name})
    eventually(site.opened.wanted, "a wish", 10)
    before = set(site.sources)
    eventually(lambda: set(site.capture()) - before, "a source", 10)
    return socket.receive_json()


def answers(socket, count=1):
    """What is said of frames, without the conditions in between."""
    said = (socket.receive_json() for _ in itertools.count())
    return list(itertools.islice((one for one in said if "number" in one), count))


def send(socket, number, jpeg=JPEG):
    socket.send_bytes(number.to_bytes(4, "big") + jpeg)


def published(site, count=1):
    frames: list[CameraFrame] = []

    def came():
        frames.extend(site.frames())
        return len(frames) >= count

    eventually(came, "frames", 10)
    return frames


def answer_to(frame, seq=0):
    return msgspec.structs.replace(result(seq, frame.source, faces=(face(),)), captured_ns=frame.captured_ns)


def test_a_frame_is_published_and_its_result_comes_back(site):
    """By its number; the result is the bus's, whole."""
    with site.connect() as socket:
        assert begin(site, socket) == {"source": "browser-1", "fps": 30, "confident": 0.8, "emotions": list(EMOTIONS)}
        assert site.cameras.names() == {"browser-1": "Anna"}
        send(socket, 7)
        (frame,) = published(site)
        assert (frame.source, frame.jpeg) == ("browser-1", JPEG)
        site.cameras.hear(answer_to(frame))
        (answer,) = answers(socket)
        assert (answer["number"], answer["credits"]) == (7, 1)
        assert answer["result"]["faces"][0]["label"] == "happy"
    eventually(lambda: site.opened.wanted() == [], "the source's end", 10)
    eventually(lambda: site.capture() == [], "no source", 10)


def test_captured_ns_tells_frames_apart(site, socket):
    """Of all viewers, also if the clock stands still."""
    send(socket, 1)
    send(socket, 2)
    first, second = published(site, 2)
    assert second.captured_ns > first.captured_ns
    site.cameras.hear(answer_to(second))
    one, two = answers(socket, 2)
    assert (one["number"], one["result"], one["credits"]) == (1, None, 1)
    assert (two["number"], two["result"]["seq"]) == (2, 0)


def test_a_frame_without_a_result_gives_its_credit_back_after_a_second(site, socket):
    """The camera does not stand still because one was lost."""
    send(socket, 1)
    published(site)
    site.now = 1.0
    assert answers(socket) == [{"number": 1, "result": None, "credits": 1}]


def test_several_visitors_are_several_sources(site, socket):
    """Each gets its own results."""
    with site.connect() as other:
        assert begin(site, other)["source"] == "browser-2"
        send(other, 5)
        (frame,) = published(site)
        site.cameras.hear(answer_to(frame))
        assert answers(other)[0]["number"] == 5
        assert frame.source == "browser-2"


def test_eight_cameras_are_the_most(site):
    """The ninth is told."""
    sockets = [site.connect() for _ in range(9)]
    for socket in sockets[:8]:
        socket.__enter__()
        begin(site, socket)
    with sockets[8] as ninth:
        ninth.send_json({"name": ""})
        assert "8 visitors use" in ninth.receive_json()["error"]
    for socket in sockets[:8]:
        socket.__exit__(None, None, None)


def test_the_condition_is_told_once_a_second(site, socket):
    """A page that has no results learns why."""
    assert socket.receive_json() == {"condition": {"level": "ok", "words": ""}}
    site.condition = Condition("error", "No results: the classifier is not seen.")
    site.now = 1.0
    assert socket.receive_json()["condition"]["words"] == "No results: the classifier is not seen."


def ends(socket):
    """The words with which it is ended."""
    while "error" not in (said := socket.receive_json()):
        pass
    with pytest.raises(WebSocketDisconnect):
        socket.receive_json()
    return said["error"]


@pytest.mark.parametrize(
    "message", [b"", bytes(4), bytes(4) + b"GIF89a", bytes(4) + b"\xff\xd8\xff" + bytes(MOST_BYTES)]
)
def test_only_jpegs_of_a_bounded_size_are_taken(site, socket, message):
    """Anything else ends the camera, and its source."""
    socket.send_bytes(message)
    assert "JPEG of at most 2 MiB" in ends(socket)
    assert site.frames() == []
    assert site.opened.wanted() == []


def test_a_page_that_heeds_no_credits_is_ended(site, socket):
    """Two frames on the way, no more."""
    for number in range(3):
        send(socket, number)
    assert "2 frames on the way" in ends(socket)


@pytest.mark.parametrize("hello", ["", "{}", "[]", "null", '{"name": 1}', '{"name": "%s"}' % ("x" * 100)])
def test_the_first_message_is_a_name(site, hello):
    """No source is opened for whoever says anything else."""
    with site.connect() as socket:
        socket.send_text(hello)
        assert "first message" in ends(socket)
    assert site.opened.wanted() == []


def test_a_refusal_of_the_capture_is_passed_on(site):
    """In its words."""
    with site.connect() as socket:
        socket.send_json({"name": ""})
        eventually(lambda: site.opened.wanted() and site.capture("refused", error="too many sources"), "a refusal", 10)
        assert ends(socket) == "The capture refused the camera: too many sources."


def test_without_a_capture_it_is_told_at_once(site):
    """Nobody would take the pictures in."""
    site.now = 60.0
    with site.connect() as socket:
        socket.send_json({"name": ""})
        assert "No capture is ready" in ends(socket)
