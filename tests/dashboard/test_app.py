"""dashboard/app.py and viewer.py: what each path answers, what a viewer is sent."""

import asyncio
import json

import pytest
from fastapi.testclient import TestClient

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.board import Board
from shared.messages import EMOTIONS
from shared.stages import NEEDED
from tests.dashboard.made import face, preview, result, source_status, status


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Desk:
    """A dashboard on a desk: its board, its clock, a browser."""

    def __init__(self):
        self.board = Board()
        self.clock = Clock()
        app = create_app(self.board, Access(), self.clock, confident=0.8)
        self.browser = TestClient(app, base_url="http://127.0.0.1:8000")

    def hear(self, *messages):
        self.board.hear(messages, self.clock.now)

    def watch(self):
        return self.browser.websocket_connect("ws://127.0.0.1:8000/ws")


@pytest.fixture
def desk():
    return Desk()


def unpacked(message):
    """The JSON and the JPEGs by source."""
    length = int.from_bytes(message[:4], "big")
    header, rest = json.loads(message[4 : 4 + length]), message[4 + length :]
    pictures = {}
    for picture in header["pictures"]:
        pictures[picture["source"]], rest = rest[: picture["bytes"]], rest[picture["bytes"] :]
    assert rest == b""
    return header, pictures


async def turn():
    """Let the web server's loop do all it wants to."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_health_from_nothing_to_ok_and_back(desk):
    """200 only while every needed stage has been heard ready within 3 s."""
    health = desk.browser.get("/healthz")
    assert health.status_code == 503
    assert health.json()["status"] == "unavailable"
    assert health.json()["missing"] == dict.fromkeys(NEEDED, "not seen")
    assert "smoother not seen" in health.json()["problems"][0]
    desk.hear(*[status(stage) for stage in NEEDED[:-1]])
    assert desk.browser.get("/healthz").json()["missing"] == {"smoother": "not seen"}
    desk.hear(status("smoother", state="starting"))
    assert desk.browser.get("/healthz").json()["missing"] == {"smoother": "starting"}
    desk.hear(status("smoother"))
    health = desk.browser.get("/healthz")
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    desk.clock.now += 3.1
    desk.hear(*[status(stage) for stage in NEEDED if stage != "classifier"])
    assert desk.browser.get("/healthz").json()["missing"] == {"classifier": "silent"}


def test_sources_with_their_newest_result(desk):
    """The result stands there as it came over the bus."""
    desk.hear(status("capture", sources=[source_status()]), result(4), result(5, faces=(face(3, "sad"),)))
    (source,) = desk.browser.get("/api/sources").json()
    assert source["source"] == "cam0"
    assert source["status"]["state"] == "running"
    assert source["smoothed"]["seq"] == 5
    assert source["smoothed"]["faces"][0]["track_id"] == 3
    assert source["smoothed"]["faces"][0]["label"] == "sad"


def test_processes(desk):
    """Each with its status and whether it is silent."""
    desk.hear(status("detector", counters={"in": 7}, detail="MTCNN"))
    desk.clock.now += 4
    (process,) = desk.browser.get("/api/processes").json()
    assert process["process"] == "detector-host-1"
    assert process["counters"] == {"in": 7}
    assert (process["silent"], process["heard_s_ago"]) == (True, 4.0)


def test_the_page_loads_nothing_from_elsewhere(desk):
    """Every address in the page is one of ours and is served."""
    page = desk.browser.get("/").text
    addresses = [part.split('"')[0] for start in ('src="', 'href="') for part in page.split(start)[1:]]
    ours = [address for address in addresses if not address.startswith("#")]
    assert ours
    for address in ours:
        assert address.startswith("/static/")
        assert desk.browser.get(address).status_code == 200


def test_the_notice_is_on_the_page(desk):
    """What the figures mean and where their use is prohibited."""
    page = " ".join(desk.browser.get("/").text.replace("&nbsp;", " ").split())
    for words in ("65 %", "an expression is not a feeling", "Art. 5(1)(f)", "Art. 50(3)", "No image is stored"):
        assert words in page


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/static/../state.py", "/static/..%2fstate.py", "/docs", "/openapi.json"]
)
def test_nothing_else_is_served(desk, path):
    """Neither files outside static/ nor FastAPI's own pages, which load from other hosts."""
    assert desk.browser.get(path).status_code == 404


def test_a_viewer_gets_the_state_at_once(desk):
    """What is known before it came, pictures excepted: those are made only while somebody watches."""
    desk.hear(status("detector"), preview(1), result(1))
    with desk.watch() as viewer:
        header, pictures = unpacked(viewer.receive_bytes())
    assert [process["name"] for process in header["processes"]] == ["detector.1"]
    assert header["sources"][0]["smoothed"]["seq"] == 1
    assert header["emotions"] == list(EMOTIONS)
    assert header["confident"] == 0.8
    assert pictures == {}


def test_a_picture_comes_with_its_own_result(desk):
    """The JPEG and the boxes that belong on it are one message."""
    with desk.watch() as viewer:
        viewer.receive_bytes()
        viewer.send_text("next")
        desk.hear(preview(1), preview(2), preview(1, "cam1"), result(1), result(1, "cam1"))
        header, pictures = unpacked(viewer.receive_bytes())
        assert pictures == {"cam0": b"cam0 1 1", "cam1": b"cam1 1 1"}
        assert [picture["result"]["seq"] for picture in header["pictures"]] == [1, 1]
        viewer.send_text("next")
        desk.hear(result(2))
        header, pictures = unpacked(viewer.receive_bytes())
        assert pictures == {"cam0": b"cam0 1 2"}, "cam1's picture was sent before"


def test_a_slow_viewer_gets_the_newest_and_never_a_queue(desk):
    """A hundred pictures while it was busy are one message when it asks again."""
    with desk.watch() as viewer:
        viewer.receive_bytes()
        for seq in range(100):
            desk.hear(preview(seq), result(seq))
            viewer.portal.call(turn)
        viewer.send_text("next")
        assert unpacked(viewer.receive_bytes())[1] == {"cam0": b"cam0 1 99"}
        viewer.send_text("next")
        desk.hear(preview(100), result(100))
        assert unpacked(viewer.receive_bytes())[1] == {"cam0": b"cam0 1 100"}


def test_a_viewer_that_never_asks_holds_nobody_up(desk):
    """The other one goes on."""
    with desk.watch() as slow, desk.watch() as quick:
        slow.receive_bytes()
        quick.receive_bytes()
        for seq in range(5):
            quick.send_text("next")
            desk.hear(preview(seq), result(seq))
            assert unpacked(quick.receive_bytes())[1] == {"cam0": f"cam0 1 {seq}".encode()}


@pytest.mark.parametrize("said", ["", "not json {", "\x00" * 1000])
def test_whatever_a_viewer_says_means_next(desk, said):
    """There is nothing to parse, hence nothing to break."""
    with desk.watch() as viewer:
        viewer.receive_bytes()
        viewer.send_text(said)
        desk.hear(preview(1), result(1))
        assert unpacked(viewer.receive_bytes())[1]
        viewer.send_bytes(said.encode())
        desk.hear(preview(2), result(2))
        assert unpacked(viewer.receive_bytes())[1]


def test_silence_is_pushed(desk):
    """When the bus is gone nothing is heard any more; time alone shows it."""
    desk.hear(status("bus"))
    with desk.watch() as viewer:
        viewer.receive_bytes()
        viewer.send_text("next")
        desk.clock.now += 4
        desk.board.pass_time(desk.clock.now)
        assert "bus is silent" in unpacked(viewer.receive_bytes())[0]["waiting"]


def test_viewers_are_counted_and_pictures_go_with_the_last(desk):
    """So is what they are sent. Previews are heard, and images kept, only while somebody watches."""
    assert desk.board.viewers == 0
    with desk.watch() as viewer:
        viewer.receive_bytes()
        assert desk.board.viewers == 1
        desk.hear(preview(1), result(1))
        assert desk.board.read(100).pictures
    assert (desk.board.viewers, desk.board.sent) == (0, 1)
    assert not desk.board.read(100).pictures
    desk.hear(preview(2), result(2))
    assert not desk.board.read(100).pictures


def test_numbers_that_json_cannot_say_are_null(desk):
    """One process's nonsense must not take the page down."""
    desk.hear(status("detector", memory_mb=float("nan")))
    assert desk.browser.get("/api/processes").json()[0]["memory_mb"] is None
