"""Pictures that others send: frames of a viewer's camera, as `camera/` messages."""

import threading
from typing import ClassVar, NamedTuple

import structlog

from capture.sources.device import Clock
from capture.sources.frame import Frame
from capture.sources.jpeg import JpegDecoder, JpegError
from shared.errors import SourceError

FIRST_S, NEXT_S = 30.0, 10.0
"""How long a first picture, and each further one, is waited for."""
_CLOCK_SET_NS = 10 * 10**9  # a stamp further back than this is no late picture: the sender's clock was set

log = structlog.get_logger()


class _Pushed(NamedTuple):
    jpeg: bytes
    captured_ns: int
    came_at: float


class PushedSource:
    """The newest picture that `push` was given, each of its own size; ends when none has come for a while.

    `clock` returns monotonic seconds. `push` and `end` may be called from another thread than the rest.
    """

    live_only: ClassVar[bool] = True
    paced: ClassVar[bool] = False
    starts_s: ClassVar[float] = 0.0

    def __init__(
        self, name: str, clock: Clock, max_pixels: int, *, first_s: float = FIRST_S, next_s: float = NEXT_S
    ) -> None:
        self.label = "pushed"
        self.warnings: list[str] = []
        self._log = log.bind(source=name)
        self._clock = clock
        self._decoder = JpegDecoder(self.label, max_pixels)
        self._first_s, self._next_s = first_s, next_s
        self._changed = threading.Condition()
        self._newest: _Pushed | None = None
        self._latest_ns: int | None = None
        self._skipped = 0
        self._has_warned = False
        self._ended = False
        self._until = self._started = 0.0
        self._index = 0

    def push(self, jpeg: bytes, captured_ns: int, now: float) -> None:
        """A picture came at second `now`; it replaces one not yet read, unless it was captured no later than that."""
        with self._changed:
            is_late = self._latest_ns is not None and 0 <= self._latest_ns - captured_ns < _CLOCK_SET_NS
            if is_late or self._newest:
                self._skipped += 1
            if not is_late:
                self._newest, self._latest_ns = _Pushed(jpeg, captured_ns, now), captured_ns
                self._changed.notify_all()

    def end(self) -> None:
        """No more pictures are wanted: `read` returns None."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def open(self) -> None:
        """Wait for a first picture from now on."""
        self._index, self._until = 0, self._clock() + self._first_s

    def skip_to(self, index: int) -> None:
        """Always refused: what was sent is gone."""
        raise SourceError(f"{self.label}: a live source cannot skip to frame {index}; use a file")

    def read(self) -> Frame | None:
        """Wait for the next picture that can be decoded; None if none has come for too long, or after `end`."""
        while pushed := self._take():
            try:
                image = self._decoder.decode(pushed.jpeg)
            except (JpegError, SourceError) as error:
                self._leave_out(error)
                continue
            if self._index == 0:
                self._started = pushed.came_at
            self._until = pushed.came_at + self._next_s
            pts = pushed.came_at - self._started
            frame = Frame(image, pts, self._index, captured_ns=pushed.captured_ns, skipped=self._take_skipped())
            self._index += 1
            return frame
        return None

    def close(self) -> None:
        """Nothing is open."""

    def _take(self) -> _Pushed | None:
        with self._changed:
            self._changed.wait_for(lambda: self._newest or self._ended, max(0.0, self._until - self._clock()))
            pushed, self._newest = self._newest, None
            return None if self._ended else pushed

    def _take_skipped(self) -> int:
        with self._changed:
            skipped, self._skipped = self._skipped, 0
            return skipped

    def _leave_out(self, error: Exception) -> None:
        """Count a picture that cannot be read, and tell of the first one."""
        with self._changed:
            self._skipped += 1
        if not self._has_warned:
            self._has_warned = True
            self._log.warning("pushed pictures left out", error=str(error))
