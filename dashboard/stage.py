"""Connects the bus to the web server."""

import contextlib
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog
from typing_extensions import override

from dashboard.access import Access
from dashboard.addresses import address_for_others, own_addresses, own_names
from dashboard.app import create_app
from dashboard.board import Board
from dashboard.rules import Watch, parse_rules
from dashboard.server import Server, bind, url_of
from dashboard.tokens import token_for
from dashboard.webhook import Webhook
from dashboard.wishes import Wishes
from shared import messages as m
from shared.results import Smoothed
from shared.settings import PREFIX, Settings
from shared.stage import BEAT_S, Place, Stage
from shared.topics import Envelope

log = structlog.get_logger()


def _ticket(settings: Settings, token: str) -> str:
    """What to put behind the address: a generated token is told here and nowhere else, a chosen one is known."""
    if not token:
        return ""
    return "/?token=" + (f"<the value of {PREFIX}DASHBOARD_TOKEN>" if settings.dashboard_token else token)


def _pem(settings: Settings) -> Path:
    from dashboard.certificate import certificate  # loads cryptography, which takes memory

    return certificate(settings.runtime_dir, own_names(), own_addresses(), datetime.now(UTC))


class Dashboard(Stage):
    """Shows what it hears to its viewers."""

    def __init__(self, place: Place):
        super().__init__()
        settings = place.settings
        self._board = Board(settings.dashboard_pictures)
        self._watch = Watch(parse_rules(settings.dashboard_rules))
        self._webhook = Webhook(settings.dashboard_webhook) if settings.dashboard_webhook else None
        self._next_second = 0.0
        listener = bind(settings.dashboard_host, settings.dashboard_port)
        bound = listener.getsockname()[0]
        token = token_for(settings.dashboard_host, settings.dashboard_token, place.state_dir, restarted=place.restarted)
        access = Access(settings.dashboard_host, token, bound)
        self._wishes = Wishes(place, self._board, time.monotonic)
        self.fds = self._wishes.fds
        app = create_app(
            *(self._board, access, time.monotonic, settings.detect_confidence),
            doors=listener.doors,
            routers=self._wishes.routers,
        )
        self._server = Server(app, listener, _pem(settings) if settings.dashboard_https else None)
        self._server.start()
        scheme = "https" if settings.dashboard_https else "http"
        self.detail = url_of(listener, scheme=scheme)
        log.info("dashboard", url=self.detail, token="asked for" if token else "none")
        shown = url_of(listener, address_for_others(bound, own_addresses()), scheme)
        with contextlib.suppress(OSError):  # a full disk
            print(f"\n    affectstream dashboard: {shown}{_ticket(settings, token)}\n", flush=True)

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
                self._alert(message)
            elif isinstance(message, m.Preview):
                self.meter.count("previews")
        self._board.hear(self._wishes.hear([envelope.message for envelope in heard], now), now)
        return ()

    def _alert(self, result: Smoothed) -> None:
        if self._webhook and not result.repeat:
            for alert in self._watch.hear(result):
                self.meter.count("alerts")
                self._webhook.send(alert)

    @override
    def tick(self, now: float) -> Iterable[Envelope]:
        """Pass on what viewers ask for; once a second update rates and drop what has fallen silent."""
        if now >= self._next_second:
            self._next_second = now + BEAT_S
            self.meter.counters["out"] = self._board.sent
            self._board.pass_time(now)
        return self._wishes.tick(now)

    @override
    def wake_in(self, now: float) -> float:
        return self._wishes.wake_in(now)

    @override
    def healthy(self, now: float) -> bool:
        return self._server.healthy(now)

    @override
    def stop(self, now: float) -> Iterable[Envelope]:
        """Close what viewers have opened."""
        return self._wishes.stop(now)

    @override
    def close(self) -> None:
        self._server.stop()
        self._wishes.close()
        if self._webhook:
            self._webhook.close()
