"""A process's end of the bus: one XPUB to say things and see who subscribes, one SUB to hear them.

Together with `shared/forwarder.py`, the only modules that know ZeroMQ.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import zmq

from shared import keys
from shared.settings import Settings

HEARTBEAT_MS = 1000
"""A peer that answers no ZMTP ping for three of these is disconnected, and its subscriptions go."""

_LINGER_MS = 500


class Subscription(NamedTuple):
    """Somebody subscribed to (`joined`) or left the topics beginning with `topic`."""

    joined: bool
    topic: str


class Bus:
    """Both sockets, connected. Nothing here blocks but `wait`."""

    def __init__(self, settings: Settings):
        self._context = zmq.Context()
        self._out = self._context.socket(zmq.XPUB)
        self._in = self._context.socket(zmq.SUB)
        for socket, address in ((self._out, settings.bus_in_address), (self._in, settings.bus_out_address)):
            configure(socket, settings)
            if settings.bus_keys is not None and address.startswith("tcp://"):
                socket.curve_serverkey = keys.read_key(settings.bus_keys / "bus.public")
                socket.curve_publickey, socket.curve_secretkey = keys.read_pair(settings.bus_keys, "client")
            socket.connect(connectable(address))
        self._poller = zmq.Poller()
        self._poller.register(self._out, zmq.POLLIN)
        self._poller.register(self._in, zmq.POLLIN)

    def watch(self, fd: int) -> None:
        """Let `wait` also return when this file descriptor is readable."""
        self._poller.register(fd, zmq.POLLIN)

    def hear(self, topic: str) -> None:
        """Subscribe to the topics that begin with `topic`."""
        self._in.subscribe(topic)

    def unhear(self, topic: str) -> None:
        """End a subscription."""
        self._in.unsubscribe(topic)

    def say(self, parts: tuple[bytes, bytes]) -> None:
        """Send; dropped at the high-water mark or when nobody listens, as PUB/SUB does."""
        self._out.send_multipart(parts, flags=zmq.NOBLOCK, copy=False)

    def wait(self, seconds: float) -> None:
        """Sleep until something arrives, a watched file descriptor is readable, or the time is over."""
        self._poller.poll(max(0, int(seconds * 1000)))

    def received(self, most: int) -> Iterator[list[memoryview]]:
        """What has arrived, up to `most` messages, each as its parts without a copy."""
        for _ in range(most):
            try:
                frames = self._in.recv_multipart(flags=zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            yield [frame.buffer for frame in frames]

    def subscriptions(self) -> Iterator[Subscription]:
        """Who came and went since the last call."""
        while True:
            try:
                event = self._out.recv(flags=zmq.NOBLOCK)
            except zmq.Again:
                return
            if event[:1] in (b"\0", b"\1"):
                yield Subscription(event[:1] == b"\1", event[1:].decode(errors="replace"))

    def close(self) -> None:
        """Send what is queued, for half a second at most, and close."""
        self._context.destroy(linger=_LINGER_MS)


def configure(socket: "zmq.Socket[bytes]", settings: Settings) -> None:
    """What every socket of ours is set to."""
    socket.linger = _LINGER_MS
    socket.sndhwm = socket.rcvhwm = settings.bus_hwm
    socket.heartbeat_ivl, socket.heartbeat_timeout, socket.heartbeat_ttl = (
        HEARTBEAT_MS,
        3 * HEARTBEAT_MS,
        3 * HEARTBEAT_MS,
    )
    socket.reconnect_ivl, socket.reconnect_ivl_max = 50, 1000
    socket.ipv6 = "[" in settings.bus_in_address + settings.bus_out_address


def remove_socket_files(settings: Settings) -> None:
    """Remove the files of `ipc://` sockets, which libzmq leaves behind; only for whoever holds the bus's lock."""
    for address in (settings.bus_in_address, settings.bus_out_address):
        if address.startswith("ipc://"):
            Path(address.removeprefix("ipc://")).unlink(missing_ok=True)


def connectable(address: str) -> str:
    """The address to connect to for an address that was bound: a wildcard is this host."""
    host = urlsplit(address).hostname if address.startswith("tcp://") else None
    return address.replace(host, "127.0.0.1", 1) if host in ("*", "0.0.0.0") else address  # noqa: S104
