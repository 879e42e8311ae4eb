"""dashboard/feed.py and follower.py: every result in order, and how many were missed."""

import json

import pytest
from starlette.websockets import WebSocketDisconnect

from dashboard.feed import MOST_WAITING, Feed, Heard
from tests.dashboard.desk import Desk, eventually
from tests.dashboard.made import face, preview, result

WS = "ws://127.0.0.1:8000/ws"


@pytest.fixture
def desk():
    return Desk()


def received(socket, count):
    return [json.loads(socket.receive_text()) for _ in range(count)]


def test_every_result_in_order(desk):
    """As it came over the bus, once, from all sources; a preview and a repeated result are none."""
    with desk.browser.websocket_connect(WS) as program:
        eventually(lambda: desk.board.viewers == 1)
        desk.hear(result(1, faces=(face(3, "sad"),)), preview(1), result(1), result(2), result(1, "cam1"))
        said = received(program, 3)
    assert [(one["source"], one["seq"]) for one in said] == [("cam0", 1), ("cam0", 2), ("cam1", 1)]
    assert {one["missed"] for one in said} == {0}
    assert (said[0]["faces"][0]["track_id"], said[0]["faces"][0]["label"]) == (3, "sad")
    eventually(lambda: desk.board.viewers == 0)


def test_only_the_sources_that_were_asked_for(desk):
    """One or several."""
    with desk.browser.websocket_connect(f"{WS}?source=cam0&source=cam2") as program:
        eventually(lambda: desk.board.viewers == 1)
        desk.hear(result(1), result(1, "cam1"), result(1, "cam2"))
        assert [one["source"] for one in received(program, 2)] == ["cam0", "cam2"]


def test_following_wants_no_previews_and_says_nothing(desk):
    """What the program sends is read and ignored."""
    with desk.browser.websocket_connect(WS) as program:
        eventually(lambda: desk.board.viewers == 1)
        assert desk.board.wanted() == frozenset()
        program.send_text("anything")
        desk.hear(result(1))
        assert received(program, 1)[0]["seq"] == 1


def test_too_many_viewers_are_told(desk):
    """In the reason of the close."""
    desk.visitors.most = 0
    with desk.browser.websocket_connect(WS) as program, pytest.raises(WebSocketDisconnect) as full:
        program.receive_text()
    assert full.value.code == 1013


def test_a_slow_follower_misses_the_oldest_and_is_told_how_many():
    """Its memory is bounded; the next result says how many were left out just before it."""
    rung = []
    feed = Feed(lambda: rung.append(1), ["cam0"], most=3)
    for seq in range(5):
        feed.put(Heard(result(seq)))
        feed.put(Heard(result(seq, "cam1")))
    taken = [feed.take() for _ in range(4)]
    assert [one and (one.heard.result.seq, one.missed) for one in taken] == [(2, 2), (3, 0), (4, 0), None]
    assert len(rung) == 5
    assert MOST_WAITING >= 100


def test_a_result_is_encoded_once_for_all():
    """However many follow."""
    heard = Heard(result(1))
    assert heard.json is heard.json
