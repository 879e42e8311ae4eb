"""The state shared by two threads: the stage's loop writes it, the web server's reads it."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from dashboard.feed import Feed, Heard
from dashboard.history import Track
from dashboard.latency import LatencyView
from dashboard.privacy import Pictures, stricter
from dashboard.state import Snapshot, State
from shared import messages as m
from shared.results import Smoothed


@dataclass(eq=False)
class Viewer:
    """Who is notified of news.

    `ring` is called from the stage's thread, must not block, and carries no data: the viewer reads the state when it is
    ready, so that nothing queues up for a slow one. `pictures` and `sources` (None: all) say which pictures it wants,
    which may change.
    """

    ring: Callable[[], object]
    pictures: Pictures = "none"
    sources: frozenset[str] | None = None


class Board:
    """A State under a lock, and the viewers to notify when it changes; `allowed`: the most that any is shown."""

    def __init__(self, allowed: Pictures = "shown") -> None:
        self.allowed: Pictures = allowed
        self._lock = threading.Lock()
        self._state = State(self._tell)
        self._feeds: set[Feed] = set()
        self._viewers: set[Viewer] = set()
        self._sent = 0
        self._version = 0

    @property
    def viewers(self) -> int:
        """How many are watching: pages, programs that follow results, and streams."""
        return len(self._viewers) + len(self._feeds)

    @property
    def version(self) -> int:
        """Another number whenever something may have changed."""
        return self._version

    @property
    def sent(self) -> int:
        """Snapshots sent to viewers."""
        return self._sent

    def count_sent(self) -> None:
        """A snapshot has been sent to a viewer."""
        with self._lock:
            self._sent += 1

    def wanted(self) -> frozenset[str]:
        """The topics of the previews that somebody wants to see, in whatever form."""
        with self._lock:
            return self._wanted()

    def hear(self, messages: Iterable[m.Message], now: float) -> None:
        """Take messages in; previews only while somebody wants pictures."""
        with self._lock:
            wanted = bool(self._wanted())
            taken = [message for message in messages if wanted or not isinstance(message, m.Preview)]
            news = [self._state.hear(message, now) for message in taken]
            if any(news):
                self._ring()

    def pass_time(self, now: float) -> None:
        """Drop what has fallen silent and notify viewers; to be called about once a second."""
        with self._lock:
            self._state.note(now)
            if not self._wanted():
                self._state.forget_pictures()
            self._ring()

    def read(self, now: float) -> Snapshot:
        """Everything at this moment."""
        with self._lock:
            return self._state.snapshot(now)

    def history(self, source: str, seconds: float) -> tuple[int | None, list[Track]] | None:
        """The epoch of a source, and its tracks in the last `seconds`; None if there is no such source."""
        with self._lock:
            return self._state.history(source, seconds)

    def latency(self, now: float) -> LatencyView:
        """The latency of the last ten minutes."""
        with self._lock:
            return self._state.latency(now)

    @contextlib.contextmanager
    def attach(self, viewer: Viewer) -> Iterator[Viewer]:
        """Register a viewer, to be notified of changes, while the context lasts."""
        with self._lock:
            self._viewers.add(viewer)
        try:
            yield viewer
        finally:
            with self._lock:
                self._viewers.discard(viewer)
                if not self._wanted():
                    self._state.forget_pictures()

    @contextlib.contextmanager
    def follow(self, feed: Feed) -> Iterator[Feed]:
        """Put every result from now on into a feed while the context lasts."""
        with self._lock:
            self._feeds.add(feed)
        try:
            yield feed
        finally:
            with self._lock:
                self._feeds.discard(feed)

    def _tell(self, result: Smoothed) -> None:
        heard = Heard(result)
        for feed in self._feeds:
            feed.put(heard)

    def _wanted(self) -> frozenset[str]:
        showing = [viewer for viewer in self._viewers if stricter(viewer.pictures, self.allowed) != "none"]
        if any(viewer.sources is None for viewer in showing):
            return frozenset({"preview/"})
        return frozenset(f"preview/{source}/" for viewer in showing for source in viewer.sources or ())

    def _ring(self) -> None:
        self._version += 1
        for viewer in self._viewers:
            viewer.ring()
