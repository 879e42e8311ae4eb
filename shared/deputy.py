"""Sends heartbeats while the main thread is busy building its stage or with work that takes seconds."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import msgspec

from shared.stage import BEAT_S
from shared.status import Status
from shared.topics import Envelope

HUNG_S = 20.0  # a piece of work that takes longer has hung: the heartbeats stop


class Deputy:
    """A thread that publishes the status once a second, with `busy_s`, while the main thread is inside `instead`.

    Never calls `publish` or `beat` outside of it, so only one thread at a time does.
    """

    def __init__(self, publish: Callable[[Envelope], None], beat: Callable[[], None]):
        self._publish = publish
        self._beat = beat
        self._changed = threading.Condition()
        self._status: Envelope | None = None
        self._since = self._due = 0.0
        self._alive = True
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def instead(self, status: Envelope, *, first_s: float = BEAT_S, alive: bool = True) -> Iterator[None]:
        """Publish `status` from `first_s` seconds on until the context ends; `alive`: beat to the supervisor, too."""
        with self._changed:
            self._status, self._alive = status, alive
            self._since = time.monotonic()
            self._due = self._since + first_s
            if not alive:  # otherwise polling is often enough
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._status = None

    def end(self) -> None:
        """Stop and join the thread."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        with self._changed:
            while not self._ended:
                now = time.monotonic()
                if self._status is not None and now >= self._due and (now - self._since < HUNG_S or not self._alive):
                    self._speak(self._status, now)
                is_soon = self._status is not None and self._due > now
                self._changed.wait(min(BEAT_S / 4, self._due - now) if is_soon else BEAT_S / 4)

    def _speak(self, status: Envelope, now: float) -> None:
        self._due = now + BEAT_S
        if self._alive:
            assert isinstance(status.message, Status)  # noqa: S101 — what `instead` is given
            busy = msgspec.structs.replace(
                status.message,
                busy_s=round(now - self._since, 1),
                unfinished=None,  # unknown: more may have arrived and still be in the socket
            )
            status = Envelope(status.topic, status.key, busy)
            self._beat()
        self._publish(status)
