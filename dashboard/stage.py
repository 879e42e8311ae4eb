"""Connects the bus to the web server."""

import contextlib
import time
from collections.abc import Iterable, Sequence

import structlog
from typing_extensions import override

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.board import Board
from dashboard.server import Server, bind, url_of
from shared import messages as m
from shared.results import Smoothed
from shared.stage import BEAT_S, Place, Stage
from shared.topics import Envelope

log = structlog.get_logger()


class Dashboard(Stage):
    """Shows what it hears to its viewers."""

    def __init__(self, place: Place):
        super().__init__()
        settings = place.settings
        self._board = Board(settings.dashboard_pictures)
        self._next_second = 0.0
        listener = bind(settings.dashboard_host, settings.dashboard_port)
        access = Access(settings.dashboard_host, settings.dashboard_token, listener.getsockname()[0])
        app = create_app(self._board, access, time.monotonic, settings.detect_confidence)
        self._server = Server(app, listener)
        self._server.start()
        self.detail = url_of(listener)
        log.info("dashboard", url=self.detail, token="asked for" if access.token else "none")
        with contextlib.suppress(OSError):  # a full disk
            print(f"\n    affectstream dashboard: {self.detail}\n", flush=True)

    @override
    def topics(self) -> Sequence[str]:
        return ("smoothed/", "status/")

    @override
    def further_topics(self, now: float) -> frozenset[str]:
        return self._board.wanted()

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterable[Envelope]:
        """Pass everything to the board, from which viewers are served."""
        for _, _, message in heard:
            if isinstance(message, Smoothed):
                self.meter.count("repeated" if message.repeat else "in")
            elif isinstance(message, m.Preview):
                self.meter.count("previews")
        self._board.hear([envelope.message for envelope in heard], now)
        return ()

    @override
    def tick(self, now: float) -> Iterable[Envelope]:
        """Once a second: update rates and drop what has fallen silent."""
        if now >= self._next_second:
            self._next_second = now + BEAT_S
            self.meter.counters["out"] = self._board.sent
            self._board.pass_time(now)
        return ()

    @override
    def healthy(self, now: float) -> bool:
        return self._server.healthy(now)

    @override
    def close(self) -> None:
        self._server.stop()
