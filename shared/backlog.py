"""A worker's queue of received, unprocessed messages, oldest first. Pure; time is an argument in seconds.

Senders limit what a worker has in flight, so the queue is short; it is bounded all the same. Frames that are given up
while they wait are never processed.
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
"""Source, epoch and seq of a frame."""


class Backlog(Generic[Work]):
    """A bounded FIFO queue. `size` gives a message's bytes; `worker` is the process that reports drops."""

    def __init__(self, worker: str, size: Callable[[Work], int], most: int = MOST, most_bytes: int = MOST_BYTES):
        self._worker = worker
        self._size: Callable[[Work], int] = size
        self._most = most
        self._most_bytes = most_bytes
        self._waiting: dict[Key, tuple[Work, float]] = {}  # with its arrival time
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def unfinished(self) -> dict[str, int]:
        """The number of queued messages by source."""
        return dict(Counter(source for source, _, _ in self._waiting))

    def add(self, message: Work, now: float) -> list[Envelope]:
        """Append a message, replacing an earlier copy; returns `dropped/` for those evicted to make room."""
        key = key_of(message)
        if key in self._waiting:
            self._remove(key)
        said = []
        while self._waiting and (
            len(self._waiting) >= self._most or self._bytes + self._size(message) > self._most_bytes
        ):
            said.append(self._drop(next(iter(self._waiting)), "full"))
        self._waiting[key] = message, now
        self._bytes += self._size(message)
        return said

    def give_up(self, gone: m.Gone) -> list[Envelope]:
        """Drop a frame that its capture has given up; returns its `dropped/` if it was queued."""
        key = key_of(gone)
        return [self._drop(key, "given up")] if key in self._waiting else []

    def drop_late(self, now: float) -> list[Envelope]:
        """Drop the messages whose deadline has passed; returns their `dropped/`."""
        late = [
            key
            for key, (message, heard_at) in self._waiting.items()
            if message.deadline_ms is not None and (now - heard_at) * 1000 > message.deadline_ms
        ]
        return [self._drop(key, "late") for key in late]

    def waiting(self) -> Sequence[Work]:
        """The queued messages, oldest first."""
        return [message for message, _ in self._waiting.values()]

    def take(self) -> Work:
        """Remove and return the oldest message."""
        return self._remove(next(iter(self._waiting)))

    def _drop(self, key: Key, reason: m.DropReason) -> Envelope:
        message = self._remove(key)
        dropped = m.Dropped(**message.header(), worker=self._worker, reason=reason)
        return Envelope("dropped", message.source, dropped)

    def _remove(self, key: Key) -> Work:
        message, _ = self._waiting.pop(key)
        self._bytes -= self._size(message)
        return message


def key_of(message: m.FrameMessage) -> Key:
    """The identity of a message's frame."""
    return message.source, message.epoch, message.seq
