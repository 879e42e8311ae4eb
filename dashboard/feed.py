"""The results that a follower has yet to take, in bounded memory. No clock."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import NamedTuple

import msgspec

from shared.results import Smoothed

MOST_WAITING = 256


class Heard:
    """A result, encoded once for all who follow."""

    def __init__(self, result: Smoothed):
        self.result = result

    @cached_property
    def json(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self.result)


class Taken(NamedTuple):
    """A result, and how many were left out just before it."""

    heard: Heard
    missed: int


class Feed:
    """The results of some sources (None: of all) that one follower has yet to take, in order; the oldest are left out.

    Results are put in by one thread and taken out by another.
    """

    def __init__(self, ring: Callable[[], object], sources: Iterable[str] | None = None, most: int = MOST_WAITING):
        self._ring = ring
        self._sources = None if sources is None else frozenset(sources)
        self._most = most
        self._waiting: deque[Heard] = deque()
        self._missed = 0
        self._lock = threading.Lock()

    def put(self, heard: Heard) -> None:
        """Take a result in, if it is of one of the sources."""
        if self._sources is not None and heard.result.source not in self._sources:
            return
        with self._lock:
            self._waiting.append(heard)
            if len(self._waiting) > self._most:
                self._waiting.popleft()
                self._missed += 1
        self._ring()

    def take(self) -> Taken | None:
        """The oldest result that waits; None if there is none."""
        with self._lock:
            if not self._waiting:
                return None
            missed, self._missed = self._missed, 0
            return Taken(self._waiting.popleft(), missed)
