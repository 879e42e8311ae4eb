"""A dashboard on a desk: its board, its clock, a browser."""

import asyncio
import contextlib
import json
import time

from fastapi.testclient import TestClient

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.board import Board
from dashboard.darkroom import Darkroom
from dashboard.limits import Visitors
from dashboard.viewer import Window

WALL_NS = 1_700_000_000_000_000_000


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


class Desk:
    def __init__(self, pictures="shown"):
        self.board = Board(pictures)
        self.clock = Clock()
        self.visitors = Visitors()
        self.window = Window(self.board, Darkroom(pictures).develop, self.clock, lambda: WALL_NS, 0.8)
        self.app = create_app(self.board, Access(), self.clock, 0.8, wall_ns=lambda: WALL_NS, visitors=self.visitors)
        self.browser = TestClient(self.app, base_url="http://127.0.0.1:8000")

    def hear(self, *messages):
        self.board.hear(messages, self.clock.now)

    @contextlib.contextmanager
    def watch(self):
        with self.browser.websocket_connect("ws://127.0.0.1:8000/view") as socket:
            yield Page(socket)


class Page:
    """A viewer's end of `/view`."""

    def __init__(self, socket):
        self.socket = socket

    def ask(self, focus=None, pictures="shown"):
        """Ready for the next; returns once the server has read it."""
        self.socket.send_text(json.dumps({"focus": focus, "pictures": pictures}))
        self.turn()

    def read(self):
        """The JSON, and the JPEGs by source."""
        return unpacked(self.socket.receive_bytes())

    def next(self, focus=None, pictures="shown"):
        self.ask(focus, pictures)
        return self.read()

    def turn(self):
        """Let the web server's loop do all it wants to."""
        self.socket.portal.call(_turn)


def unpacked(message):
    """The JSON and the JPEGs by source."""
    length = int.from_bytes(message[:4], "big")
    header, rest = json.loads(message[4 : 4 + length]), message[4 + length :]
    pictures = {}
    for picture in header["pictures"]:
        pictures[picture["source"]], rest = rest[: picture["bytes"]], rest[picture["bytes"] :]
    assert rest == b""
    return header, pictures


def eventually(condition):
    """Wait for what another thread does."""
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


async def _turn():
    for _ in range(10):
        await asyncio.sleep(0)
