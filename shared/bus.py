"""A process's end of the bus: an XPUB to publish and to see subscriptions, and a SUB."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import zmq
from zmq.utils.monitor import recv_monitor_message

from shared import keys
from shared.settings import Settings

_TCP_MAXRT_MS = 15_000  # a peer whose kernel has acknowledged nothing for this long is gone
_LINGER_MS = 500
_RECONNECT_MS = 1000
_TROUBLES = {
    int(zmq.EVENT_HANDSHAKE_FAILED_AUTH): "our key is not allowed to join; AFFECT_BUS_KEYS names the folder",
    int(zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL): "the peer is not a bus, or requires keys (AFFECT_BUS_KEYS)",
    int(zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL): "the peer is not a bus, or has a different key",
    int(zmq.EVENT_CONNECT_RETRIED): "nobody answers there",
}


class Subscription(NamedTuple):
    """A peer subscribed to (`joined`) or unsubscribed from the topics that begin with `topic`."""

    joined: bool
    topic: str


class Bus:
    """Both sockets, connected. Only `wait` blocks."""

    def __init__(self, settings: Settings):
        self._context = zmq.Context()
        self._out = self._context.socket(zmq.XPUB)
        self._in = self._context.socket(zmq.SUB)
        self._attempt = 0
        self._monitor = self._out.get_monitor_socket(sum(_TROUBLES) | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self._poller = zmq.Poller()
        for watched in (self._out, self._in, self._monitor):
            self._poller.register(watched, zmq.POLLIN)
        for socket, address in ((self._out, settings.bus_in_address), (self._in, settings.bus_out_address)):
            configure(socket, settings)
            if settings.bus_keys is not None and address.startswith("tcp://"):
                socket.curve_serverkey = keys.read_key(settings.bus_keys / "bus.public")
                socket.curve_publickey, socket.curve_secretkey = keys.read_pair(settings.bus_keys, "client")
            socket.connect(connectable(address))

    def watch(self, fd: int) -> None:
        """Make `wait` return when this file descriptor is readable, too."""
        self._poller.register(fd, zmq.POLLIN)

    def subscribe(self, topic: str) -> None:
        """Subscribe to the topics that begin with `topic`."""
        self._in.subscribe(topic)

    def unsubscribe(self, topic: str) -> None:
        """End a subscription."""
        self._in.unsubscribe(topic)

    def publish(self, parts: tuple[bytes, bytes]) -> None:
        """Send; dropped at the high-water mark or without subscribers, as PUB/SUB does."""
        self._out.send_multipart(parts, flags=zmq.NOBLOCK, copy=False)

    def wait(self, seconds: float) -> None:
        """Sleep until something arrives, a watched file descriptor is readable, or the timeout expires."""
        self._poller.poll(max(0, int(seconds * 1000)))

    def receive(self, most: int) -> Iterator[list[memoryview]]:
        """Up to `most` received messages, each as its parts, zero-copy."""
        for _ in range(most):
            try:
                frames = self._in.recv_multipart(flags=zmq.NOBLOCK, copy=False)
            except zmq.Again:
                return
            yield [frame.buffer for frame in frames]

    def receive_subscriptions(self) -> Iterator[Subscription]:
        """The subscription events since the last call."""
        while self._monitor.poll(0):
            happened = recv_monitor_message(self._monitor)["event"]
            if happened in _TROUBLES or happened == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                self._attempt = happened
        while True:
            try:
                event = self._out.recv(flags=zmq.NOBLOCK)
            except zmq.Again:
                return
            if event[:1] in (b"\0", b"\1"):
                yield Subscription(event[:1] == b"\1", event[1:].decode(errors="replace"))

    def trouble(self) -> str | None:
        """Why the last connection attempt failed; None if it did not."""
        return _TROUBLES.get(self._attempt)

    def close(self) -> None:
        """Flush the send queue, for at most half a second, and close."""
        if not self._out.closed:
            self._out.disable_monitor()
        self._context.destroy(linger=_LINGER_MS)


def configure(socket: "zmq.Socket[bytes]", settings: Settings) -> None:
    """Set the options of a bus socket.

    No ZMTP heartbeats: in libzmq up to 4.3.5 a heartbeat timeout while a queue is full aborts the process (`Assertion
    failed: _input_stopped`, issues 3937 and 4767; `!_io_error`, 4364), and a slow reader's queue may be full any time.
    Liveness comes from `status/`; a lost host is detected by TCP keep-alive.

    What a SUB or XSUB sends are its subscriptions. libzmq drops those beyond the high-water mark, too, for good; they
    have none.
    """
    socket.linger = _LINGER_MS
    socket.rcvhwm = settings.bus_hwm
    socket.sndhwm = 0 if socket.type in (zmq.SUB, zmq.XSUB) else settings.bus_hwm
    socket.tcp_keepalive, socket.tcp_keepalive_idle, socket.tcp_keepalive_intvl, socket.tcp_keepalive_cnt = 1, 2, 1, 3
    if socket.type in (zmq.XPUB, zmq.PUB):
        socket.tcp_maxrt = _TCP_MAXRT_MS
    socket.reconnect_ivl, socket.reconnect_ivl_max = 50, _RECONNECT_MS
    socket.ipv6 = "[" in settings.bus_in_address + settings.bus_out_address


def remove_socket_files(settings: Settings) -> None:
    """Remove the `ipc://` socket files that libzmq leaves behind. The caller must hold the bus lock."""
    for address in (settings.bus_in_address, settings.bus_out_address):
        if address.startswith("ipc://"):
            Path(address.removeprefix("ipc://")).unlink(missing_ok=True)


def connectable(address: str) -> str:
    """The address to connect to for a bound one: a wildcard becomes loopback."""
    host = urlsplit(address).hostname if address.startswith("tcp://") else None
    return address.replace(host, "127.0.0.1", 1) if host in ("*", "0.0.0.0") else address  # noqa: S104
