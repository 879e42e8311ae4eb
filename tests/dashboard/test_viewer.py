"""dashboard/viewer.py: what a viewer is sent, and when."""

import pytest
from starlette.websockets import WebSocketDisconnect

from dashboard.limits import MOST_VIEWERS
from shared.messages import EMOTIONS
from shared.stages import NEEDED
from tests.dashboard.desk import WALL_NS, Desk, eventually
from tests.dashboard.made import face, preview, result, source_status, status


@pytest.fixture
def desk():
    return Desk()


def test_a_viewer_gets_the_state_once_it_is_ready(desk):
    """What is known before it came, pictures excepted: those are made only while somebody wants them."""
    desk.hear(status("detector"), preview(1), result(1))
    with desk.watch() as viewer:
        header, pictures = viewer.next()
    assert [process["name"] for process in header["processes"]] == ["detector.1"]
    assert header["sources"][0]["result"]["seq"] == 1
    assert header["emotions"] == list(EMOTIONS)
    assert (header["confident"], header["pictures_allowed"]) == (0.8, "shown")
    assert header["health"]["status"] == "unavailable"
    assert [stage["stage"] for stage in header["stages"]] == [*NEEDED[1:], "bus"]
    assert header["latency"] == {"p50_ms": None, "p95_ms": None}
    assert pictures == {}


def test_what_is_said_of_a_source(desk):
    """Everything that a tile shows."""
    desk.hear(status("capture", sources=[source_status(age_ms=41.0)]), result(1))
    desk.clock.now += 2
    with desk.watch() as viewer:
        (source,) = viewer.next()[0]["sources"]
    expected = {"source": "cam0", "spec": "0", "capture": "capture-host-1", "state": "running", "live": True}
    expected |= {"added": False, "fps": 30.0, "unfinished": 1, "window": 2, "age_ms": 41.0, "faces_words": "no face"}
    assert {name: source[name] for name in expected} == expected
    assert source["condition"] == {"level": "error", "words": source["condition"]["words"]}
    assert source["words"].startswith("no results: bus not seen")


def test_a_picture_comes_with_its_own_result(desk):
    """The JPEG and the boxes that belong on it are one message, and how old they are."""
    with desk.watch() as viewer:
        viewer.next()
        desk.hear(preview(1), preview(2), preview(1, "cam1"), result(1), result(1, "cam1"))
        header, pictures = viewer.next()
        assert pictures == {"cam0": b"cam0 1 1", "cam1": b"cam1 1 1"}
        assert [picture["result"]["seq"] for picture in header["pictures"]] == [1, 1]
        assert [picture["age_ms"] for picture in header["pictures"]] == [WALL_NS / 1e6] * 2
        desk.clock.now += 1
        desk.hear(result(2))
        assert viewer.next()[1] == {"cam0": b"cam0 1 2"}, "cam1's picture was sent before"


def test_a_slow_viewer_gets_the_newest_and_never_a_queue(desk):
    """A hundred pictures while it was busy are one message when it asks again."""
    with desk.watch() as viewer:
        viewer.next()
        for seq in range(100):
            desk.hear(preview(seq), result(seq))
            viewer.turn()
        assert viewer.next()[1] == {"cam0": b"cam0 1 99"}
        desk.hear(preview(100), result(100))
        assert viewer.next()[1] == {"cam0": b"cam0 1 100"}


def test_a_viewer_that_never_asks_holds_nobody_up(desk):
    """The other one goes on."""
    with desk.watch() as slow, desk.watch() as quick:
        slow.next()
        quick.next()
        for seq in range(5):
            desk.hear(preview(seq), result(seq))
            assert quick.next()[1] == {"cam0": f"cam0 1 {seq}".encode()}


def test_tiles_share_a_budget_and_the_focused_one_has_none(desk):
    """All of twenty sources at first, then one in two-thirds of a second each; whoever is looked at comes each time."""
    names = [f"cam{number:02}" for number in range(20)]
    with desk.watch() as viewer:
        viewer.next("cam03")
        for seq, expected in enumerate([names, ["cam03"], ["cam03"], names]):
            desk.hear(*[heard for name in names for heard in (preview(seq, name), result(seq, name))])
            assert sorted(viewer.next("cam03")[1]) == expected
            desk.clock.now += 0.2


@pytest.mark.parametrize("said", ["", "next", "[]", '{"focus": 3}', '{"pictures": "all"}'])
def test_what_is_no_wish_ends_it(desk, said):
    """With the code for data that is not accepted, and in words."""
    with desk.watch() as viewer:
        viewer.socket.send_text(said)
        with pytest.raises(WebSocketDisconnect) as closed:
            viewer.socket.receive_bytes()
    assert closed.value.code == 1003
    assert "focus and pictures" in closed.value.reason


@pytest.mark.parametrize(("send", "code"), [("send_bytes", 1003), ("send_text", 1009)])
def test_nothing_binary_and_nothing_long(desk, send, code):
    """A page says little."""
    said = {"send_bytes": b"{}", "send_text": " " * 5000 + "{}"}[send]
    with desk.watch() as viewer:
        getattr(viewer.socket, send)(said)
        with pytest.raises(WebSocketDisconnect) as closed:
            viewer.socket.receive_bytes()
    assert closed.value.code == code


def test_silence_is_pushed(desk):
    """When the bus is gone nothing is heard any more; time alone shows it."""
    desk.hear(status("bus"))
    with desk.watch() as viewer:
        viewer.next()
        viewer.ask()
        desk.clock.now += 4
        desk.board.pass_time(desk.clock.now)
        assert "bus is silent" in viewer.read()[0]["waiting"]


def test_a_new_worker_is_pushed_at_once(desk):
    """Nobody waits for the next second."""
    with desk.watch() as viewer:
        viewer.next()
        viewer.ask()
        desk.hear(status("detector", pid=2, state="starting"))
        assert [process["state"] for process in viewer.read()[0]["processes"]] == ["starting"]


def test_pictures_go_with_the_last_who_wants_them(desk):
    """Previews are heard, and images kept, only while somebody wants to see them."""
    assert (desk.board.viewers, desk.board.wanted()) == (0, frozenset())
    with desk.watch() as viewer:
        viewer.next()
        assert (desk.board.viewers, desk.board.wanted()) == (1, {"preview/"})
        desk.hear(preview(1), result(1))
        assert desk.board.read(100).pictures
        viewer.ask(pictures="none")
        assert desk.board.wanted() == frozenset()
        desk.board.pass_time(101)
        assert viewer.read()[1] == {}
        assert not desk.board.read(101).pictures
    eventually(lambda: (desk.board.viewers, desk.board.sent) == (0, 2))
    desk.hear(preview(2), result(2))
    assert not desk.board.read(102).pictures


def test_results_come_without_pictures(desk):
    """Whoever wants no picture still gets every newest result."""
    with desk.watch() as viewer:
        viewer.next(pictures="none")
        desk.hear(preview(1), result(1, faces=(face(),)))
        header, pictures = viewer.next(pictures="none")
    assert header["sources"][0]["result"]["faces"][0]["label"] == "happy"
    assert pictures == {}


def test_there_is_a_limit_on_viewers(desk):
    """The next one is told so, and may come when another has gone."""
    desk.visitors.most = 1
    with desk.watch() as first:
        first.next()
        with desk.watch() as second, pytest.raises(WebSocketDisconnect) as full:
            second.socket.receive_bytes()
        assert full.value.code == 1013
        assert "limit" in full.value.reason
    with desk.watch() as third:
        assert third.next()
    assert MOST_VIEWERS >= 50
