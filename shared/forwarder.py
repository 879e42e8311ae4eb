"""The bus: a forwarder (XSUB in, XPUB out) between all publishers and all subscribers.

Wraps libzmq's own proxy: one bus per host, CURVE keys, a self-test as heartbeat, draining at shutdown.
"""

import contextlib
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import structlog
import zmq
from typing_extensions import override
from zmq.auth.thread import ThreadAuthenticator

from shared import keys, locks
from shared.bus import configure, remove_socket_files
from shared.errors import ConfigurationError
from shared.log import Seldom
from shared.loop import run
from shared.settings import PREFIX
from shared.stage import Place, Stage
from shared.topics import Envelope

_DRAIN_S = 0.5
_SUBSCRIBERS_FIRST_S = 0.4  # after a crash they reconnect before the publishers, who flush their queues at once
_ECHO_S = 5.0

log = structlog.get_logger()


class Forwarder(Stage):
    """Runs the proxy in its own thread; healthy while its own status comes back through it."""

    def __init__(self, place: Place):
        super().__init__()
        self._settings = settings = place.settings
        self._own_topic = f"status/{place.identity.process}/"
        self._echoed_at = time.monotonic()
        self._lock = locks.take(settings.runtime_dir, "bus", "the bus")
        self._context = zmq.Context()
        self._guard = _Guard(self._context, settings.bus_keys) if settings.bus_keys else None
        try:
            leave = self._side(zmq.XPUB, "BUS_OUT", settings.bus_out_address)
            if place.restarted:
                time.sleep(_SUBSCRIBERS_FIRST_S)
            entrance = self._side(zmq.XSUB, "BUS_IN", settings.bus_in_address)
        except ConfigurationError:
            self._context.destroy(linger=0)
            self._lock.release()
            raise
        self.detail = f"{settings.bus_in_address} → {settings.bus_out_address}"
        threading.Thread(target=_forward, args=(entrance, leave), daemon=True).start()

    def _side(self, kind: int, name: str, address: str) -> "zmq.Socket[bytes]":
        """One end of the bus, bound."""
        side = self._context.socket(kind)
        configure(side, self._settings)
        if self._settings.bus_keys and address.startswith("tcp://"):
            side.curve_server = True
            side.curve_publickey, side.curve_secretkey = keys.read_pair(self._settings.bus_keys, "bus")
        try:
            side.bind(address)
        except zmq.ZMQError as error:
            raise ConfigurationError(f"{PREFIX}{name}={address!r} cannot be bound: {error.strerror}") from None
        return side

    @override
    def topics(self) -> Sequence[str]:
        return (self._own_topic,)

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterable[Envelope]:
        self._echoed_at = now
        return ()

    @override
    def healthy(self, now: float) -> bool:
        return now - self._echoed_at < _ECHO_S

    @override
    def stop(self, now: float) -> Iterable[Envelope]:
        time.sleep(_DRAIN_S)  # for the other stages' last messages
        return ()

    @override
    def close(self) -> None:
        """End the proxy and remove the socket files."""
        if self._guard:
            self._guard.stop()
        self._context.term()  # ends the proxy, whose thread closes its sockets
        remove_socket_files(self._settings)
        self._lock.release()


def _forward(entrance: "zmq.Socket[bytes]", leave: "zmq.Socket[bytes]") -> None:
    with entrance, leave, contextlib.suppress(zmq.ContextTerminated):
        zmq.proxy(entrance, leave)


class _Guard(ThreadAuthenticator):
    """Admits the public keys that a folder allows at the time, and logs who is refused; see ZeroMQ's RFC 27 (ZAP)."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", folder: Path):
        super().__init__(context)
        self._admitted = keys.read_allowed(folder)
        self._folder = folder
        self._address = ""
        self._seldom = Seldom()
        self._log = log.bind(**structlog.contextvars.get_contextvars())  # those of this thread
        self.configure_curve_callback("*", credentials_provider=self)
        self.start()

    @override
    async def handle_zap_message(self, msg: list[bytes]) -> None:
        self._address = b"".join(msg[3:4]).decode(errors="replace")
        await super().handle_zap_message(msg)

    def callback(self, _domain: str, key: bytes) -> bool:
        """Whether a public key in Z85 text may join."""
        try:
            self._admitted = keys.read_allowed(self._folder)
        except ConfigurationError as error:
            if self._seldom("", time.monotonic()):
                self._log.warning("keys unreadable, the last ones count", error=str(error))
        is_admitted = key in self._admitted.values()
        if not is_admitted and self._seldom(self._address, time.monotonic()):
            self._log.warning("key refused", address=self._address, key=key.decode(errors="replace"))
        return is_admitted


if __name__ == "__main__":
    run("bus", Forwarder)
