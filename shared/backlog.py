"""What a worker has heard and not yet done, oldest first. Pure; time is an argument in seconds.

A sender gives no worker more than a few messages at a time, so a backlog is short. It is bounded all the same, whoever
sends, and what has been given up meanwhile is not worked on.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from shared import messages as m
from shared.topics import Envelope

MOST = 64
MOST_BYTES = 512 << 20

Work = TypeVar("Work", m.Frame, m.Crops)
Key = tuple[str, int, int]
"""Source, epoch and number of a frame."""


class Backlog(Generic[Work]):
    """The messages that wait. `size` gives a message's bytes; `worker` is who says what was dropped."""

    def __init__(self, worker: str, size: Callable[[Work], int], most: int = MOST, most_bytes: int = MOST_BYTES):
        self._worker = worker
        self._size: Callable[[Work], int] = size
        self._most = most
        self._most_bytes = most_bytes
        self._waiting: dict[Key, tuple[Work, float]] = {}
        """With the second each was heard."""
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def unfinished(self) -> dict[str, int]:
        """How many messages wait, by source."""
        return dict(Counter(source for source, _, _ in self._waiting))

    def add(self, message: Work, now: float) -> list[Envelope]:
        """Put a message last, in place of an earlier copy; returns what is said of those that found no room."""
        self._remove(key_of(message))
        said = []
        while self._waiting and (
            len(self._waiting) >= self._most or self._bytes + self._size(message) > self._most_bytes
        ):
            said.append(self._drop(next(iter(self._waiting)), "full"))
        self._waiting[key_of(message)] = message, now
        self._bytes += self._size(message)
        return said

    def give_up(self, gone: m.Gone) -> list[Envelope]:
        """Its capture no longer wants this frame; returns what is said of it if it was here."""
        key = key_of(gone)
        return [self._drop(key, "given up")] if key in self._waiting else []

    def drop_late(self, now: float) -> list[Envelope]:
        """Drop what has waited for longer than it was worth; returns what is said of it."""
        late = [
            key
            for key, (message, heard_at) in self._waiting.items()
            if message.deadline_ms is not None and (now - heard_at) * 1000 > message.deadline_ms
        ]
        return [self._drop(key, "late") for key in late]

    def waiting(self) -> Sequence[Work]:
        """All that wait, oldest first."""
        return [message for message, _ in self._waiting.values()]

    def take(self) -> Work:
        """The oldest message, to be worked on now."""
        return self._remove_known(next(iter(self._waiting)))

    def _drop(self, key: Key, reason: m.DropReason) -> Envelope:
        message = self._remove_known(key)
        dropped = m.Dropped(**message.header(), worker=self._worker, reason=reason)
        return Envelope("dropped", message.source, dropped)

    def _remove(self, key: Key) -> None:
        if key in self._waiting:
            self._remove_known(key)

    def _remove_known(self, key: Key) -> Work:
        message, _ = self._waiting.pop(key)
        self._bytes -= self._size(message)
        return message


def key_of(message: m.FrameMessage) -> Key:
    """What names a frame."""
    return message.source, message.epoch, message.seq
