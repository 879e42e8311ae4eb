"""Messages from the web server's thread to the bus's."""

import contextlib
import socket
from collections import deque

from shared.topics import Envelope

_MOST = 256
"""Far more than viewers may have on the way: only a loop that hangs lets so many wait."""


class Outbox:
    """Filled from any thread, emptied by the stage's loop, which `fd` wakes; the oldest are dropped beyond a limit."""

    def __init__(self) -> None:
        self._waiting: deque[Envelope] = deque(maxlen=_MOST)
        self._sockets = socket.socketpair()
        for one in self._sockets:
            one.setblocking(False)

    @property
    def fd(self) -> int:
        """A file descriptor that is readable while there is something."""
        return self._sockets[0].fileno()

    def send(self, envelope: Envelope) -> None:
        """Have it published at the loop's next turn."""
        self._waiting.append(envelope)
        with contextlib.suppress(BlockingIOError):  # full of earlier calls: it wakes anyway
            self._sockets[1].send(b".")

    def empty(self) -> list[Envelope]:
        """What has been sent since, oldest first."""
        with contextlib.suppress(BlockingIOError):
            self._sockets[0].recv(4096)
        taken = []
        with contextlib.suppress(IndexError):
            while True:
                taken.append(self._waiting.popleft())
        return taken

    def close(self) -> None:
        """Close the file descriptor."""
        for one in self._sockets:
            one.close()
