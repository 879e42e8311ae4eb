"""Counts connections before anything is read from them, and closes those above a limit."""

import contextlib
import ipaddress
import socket
from collections import Counter
from typing import Any

from typing_extensions import override

MOST = 256
SHARE = 128
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\n"
    b"There are too many connections to this dashboard; try again later.\n"
)


class Doors:
    """How many connections there are, in all and from each address. Pure."""

    def __init__(self, most: int = MOST, share: int = SHARE):
        self._most = most
        self._share = share
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._open.total()

    def admit(self, address: str) -> bool:
        """Count another connection from this address, if it may come in."""
        if len(self) >= self._most or self._open[address] >= self._share:
            return False
        self._open[address] += 1
        return True

    def release(self, address: str) -> None:
        """A connection from this address has ended."""
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]


def origin(address: str) -> str:
    """Whom a peer's address belongs to: of IPv6, where each household has many addresses, the network."""
    known = ipaddress.ip_address(address.partition("%")[0])
    if known.version == 4:
        return address
    return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))


class Listener(socket.socket):
    """A listening socket that admits through `doors`; `greets`: whoever is refused is told so in HTTP."""

    doors: Doors
    greets: bool

    @classmethod
    def over(cls, family: int, kind: int, protocol: int) -> "Listener":
        """A socket with doors of its own."""
        listener = cls(family, kind, protocol)
        listener.doors, listener.greets = Doors(), True
        return listener

    @override
    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection; raises BlockingIOError also when one was refused."""
        connection, peer = super().accept()
        address = origin(peer[0])
        if self.doors.admit(address):
            return _Counted.of(connection, self.doors, address), peer
        with contextlib.suppress(OSError), connection:
            connection.setblocking(False)
            if self.greets:
                connection.send(_FULL)
        raise BlockingIOError


class _Counted(socket.socket):
    """A connection that is released when it is closed."""

    _doors: Doors | None = None
    _address = ""

    @classmethod
    def of(cls, connection: socket.socket, doors: Doors, address: str) -> "_Counted":
        counted = cls(fileno=connection.detach())
        counted._doors, counted._address = doors, address
        return counted

    @override
    def close(self) -> None:
        super().close()
        doors, self._doors = self._doors, None
        if doors:
            doors.release(self._address)
