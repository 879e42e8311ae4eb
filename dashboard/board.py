"""The state shared by two threads: the stage's loop writes it, the web server's reads it."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator

from dashboard.state import Snapshot, State
from shared import messages as m


class Board:
    """A State under a lock, and the viewers to notify when it changes.

    A viewer's `ring` is called from the stage's thread, must not block, and carries no data: the viewer reads the state
    when it is ready, so that nothing queues up for a slow one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._state = State()
        self._viewers: set[Callable[[], object]] = set()
        self._sent = 0

    @property
    def viewers(self) -> int:
        """How many are watching."""
        return len(self._viewers)

    @property
    def sent(self) -> int:
        """Snapshots sent to viewers."""
        return self._sent

    def count_sent(self) -> None:
        """A snapshot has been sent to a viewer."""
        with self._lock:
            self._sent += 1

    def hear(self, messages: Iterable[m.Message], now: float) -> None:
        """Take messages in; previews only while there are viewers."""
        with self._lock:
            taken = [message for message in messages if self._viewers or not isinstance(message, m.Preview)]
            news = [self._state.hear(message, now) for message in taken]
            if any(news):
                self._ring()

    def pass_time(self, now: float) -> None:
        """Drop what has fallen silent and notify viewers; to be called about once a second."""
        with self._lock:
            self._state.forget(now)
            self._ring()

    def read(self, now: float) -> Snapshot:
        """Everything at this moment."""
        with self._lock:
            return self._state.snapshot(now)

    @contextlib.contextmanager
    def attach(self, ring: Callable[[], object]) -> Iterator[None]:
        """Register a viewer, to be notified of changes, while the context lasts."""
        with self._lock:
            self._viewers.add(ring)
        try:
            yield
        finally:
            with self._lock:
                self._viewers.discard(ring)
                if not self._viewers:
                    self._state.forget_pictures()

    def _ring(self) -> None:
        for ring in self._viewers:
            ring()
