"""A process's end of the bus: one XPUB to publish and to see who subscribes, one SUB.

Together with `shared/forwarder.py`, the only modules that know ZeroMQ.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import zmq
from zmq.utils.monitor import recv_monitor_message

from shared import keys
from shared.settings import Settings

_UNHEARD_MS = 15_000
"""What was sent over TCP and is not even acknowledged by the peer's kernel for so long has lost its peer."""

_LINGER_MS = 500
_RECONNECT_MS = 1000
_TROUBLES = {
    int(zmq.EVENT_HANDSHAKE_FAILED_AUTH): "our key is not among those admitted; AFFECT_BUS_KEYS names the folder",
    int(zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL): "what answers there is no bus, or wants keys (AFFECT_BUS_KEYS)",
    int(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL): "what answers there is no bus, or its key is another",
    int(zmq.EVENT_CONNECT_RETRIED): "nobody answers there",
}


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
        self._attempt = 0
        self._monitor = self._out.get_monitor_socket(sum(_TROUBLES) | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        for socket, address in ((self._out, settings.bus_in_address), (self._in, settings.bus_out_address)):
            configure(socket, settings)
            if settings.bus_keys is not None and address.startswith("tcp://"):
                socket.curve_serverkey = keys.read_key(settings.bus_keys / "bus.public")
                socket.curve_publickey, socket.curve_secretkey = keys.read_pair(settings.bus_keys, "client")
            socket.connect(connectable(address))
        self._poller = zmq.Poller()
        self._poller.register(self._out, zmq.POLLIN)
        self._poller.register(self._in, zmq.POLLIN)
        self._poller.register(self._monitor, zmq.POLLIN)

    def watch(self, fd: int) -> None:
        """Let `wait` also return when this file descriptor is readable."""
        self._poller.register(fd, zmq.POLLIN)

    def subscribe(self, topic: str) -> None:
        """Subscribe to the topics that begin with `topic`."""
        self._in.subscribe(topic)

    def unsubscribe(self, topic: str) -> None:
        """End a subscription."""
        self._in.unsubscribe(topic)

    def publish(self, parts: tuple[bytes, bytes]) -> None:
        """Send; dropped at the high-water mark or when nobody listens, as PUB/SUB does."""
        self._out.send_multipart(parts, flags=zmq.NOBLOCK, copy=False)

    def wait(self, seconds: float) -> None:
        """Sleep until something arrives, a watched file descriptor is readable, or the time is over."""
        self._poller.poll(max(0, int(seconds * 1000)))

    def receive(self, most: int) -> Iterator[list[memoryview]]:
        """What has arrived, up to `most` messages, each as its parts without a copy."""
        for _ in range(most):
            try:
                frames = self._in.recv_multipart(flags=zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            yield [frame.buffer for frame in frames]

    def receive_subscriptions(self) -> Iterator[Subscription]:
        """Who came and went since the last call."""
        self._watch_attempts()
        while True:
            try:
                event = self._out.recv(flags=zmq.NOBLOCK)
            except zmq.Again:
                return
            if event[:1] in (b"\0", b"\1"):
                yield Subscription(event[:1] == b"\1", event[1:].decode(errors="replace"))

    def trouble(self) -> str | None:
        """Why the last attempt to connect failed; None where none did."""
        return _TROUBLES.get(self._attempt)

    def _watch_attempts(self) -> None:
        while self._monitor.poll(0):
            event = recv_monitor_message(self._monitor)["event"]
            if event in _TROUBLES or event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._attempt = event

    def close(self) -> None:
        """Send what is queued, for half a second at most, and close."""
        if not self._out.closed:
            self._out.disable_monitor()
        self._context.destroy(linger=_LINGER_MS)


def configure(socket: "zmq.Socket[bytes]", settings: Settings) -> None:
    """What every socket of ours is set to.

    No ZMTP heartbeats: in libzmq up to 4.3.5 one that times out while a queue is full ends the process (`Assertion
    failed: _input_stopped`, issues 3937 and 4767; `!_io_error`, 4364), and a slow reader's queue may be full any time.
    Who is alive is known from `status/`; a host that is gone, from TCP's own keepalive.
    """
    socket.linger = _LINGER_MS
    socket.sndhwm = socket.rcvhwm = settings.bus_hwm
    socket.tcp_keepalive, socket.tcp_keepalive_idle, socket.tcp_keepalive_intvl, socket.tcp_keepalive_cnt = 1, 2, 1, 3
    if socket.type in (zmq.XPUB, zmq.PUB):
        socket.tcp_maxrt = _UNHEARD_MS
    socket.reconnect_ivl, socket.reconnect_ivl_max = 50, _RECONNECT_MS
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
