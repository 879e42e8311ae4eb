"""One reader thread per source, so that a blocking camera blocks nothing else, with a short queue.

Live, a frame not yet taken is replaced by the next one (newest wins, the loss is counted), and frames count anew from
where the source's time jumps; in replay the reader waits.
"""

import contextlib
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from capture.sources import Frame, Source, SourceUnavailable

_AHEAD = 2
_ALONE_S = 1.0  # how long the only frame of a source is shown
_NEW_EPOCH_JUMP_S = 3.0  # a smaller one is a hiccup of the sender's clock
_FIRST_BACK_OFF_S, _LONGEST_BACK_OFF_S = 0.5, 10.0


@dataclass(frozen=True)
class Taken:
    """A frame and when it was read: wall clock in nanoseconds, monotonic clock in seconds."""

    frame: Frame
    captured_ns: int
    captured_at: float


@dataclass(frozen=True)
class Opened:
    """The source delivers frames (again).

    Attributes:
        label: what is read, now that it is known in full.
        warnings: what cannot be read, as far as it is known.
        before: the frame before the first one, in a resumed replay.
        starts_s: see `Source`.
    """

    label: str
    warnings: tuple[str, ...] = ()
    before: Frame | None = None
    starts_s: float = 0.0


@dataclass(frozen=True)
class Ended:
    """The end of the media; `warnings` list what could not be read."""

    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Interrupted:
    """A camera or stream failed and is being reopened."""

    reason: str


@dataclass(frozen=True)
class Jumped:
    """Live, the source's time leaped by so many seconds; what follows, behind an `Opened`, is another scene."""

    jump_s: float


@dataclass(frozen=True)
class Refused:
    """The source can never be read, or its reader has crashed."""

    error: Exception


Item = Taken | Opened | Jumped | Ended | Interrupted | Refused


class Reader:
    """Reads one source in a thread; the main loop, woken through `wake`, calls `peek` and `take`."""

    def __init__(self, source: Source, *, live: bool, wake: socket.socket, resume_after: int | None = None):
        self.source = source
        self._live = live
        self._wake = wake
        self._resume_after = resume_after
        self._gave_frames = False
        self._items: deque[Item] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._rewound = False
        self._begun = False
        self._skipped = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def peek(self) -> Item | None:
        """The oldest item not yet taken; a live frame may still be replaced."""
        with self._changed:
            return self._items[0] if self._items else None

    def take(self) -> Item:
        """Remove and return the oldest item."""
        with self._changed:
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def take_skipped(self) -> int:
        """The number of frames replaced since the last call."""
        with self._changed:
            count, self._skipped = self._skipped, 0
            return count

    def begin(self) -> None:
        """Workers are ready: a recording or demo in live mode starts now; a camera runs anyway."""
        if not self._begun:
            with self._changed:
                self._begun = True
                self._changed.notify_all()

    def rewind(self) -> None:
        """After Ended: read the media again from the start."""
        with self._changed:
            self._rewound = True
            self._changed.notify_all()

    def end(self) -> None:
        """Give nothing more, and let the thread end as soon as its source lets it."""
        with self._changed:
            self._stopping = True
            self._items.clear()
            self._changed.notify_all()

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Stop the thread, waiting at most a second for a blocking read."""
        self.end()
        if self.is_alive:
            self._thread.join(1.0)

    def _run(self) -> None:
        failures = 0
        try:
            while not self._stopping:
                try:
                    self._read_through()
                    self._wait(lambda: self._rewound)
                    self._rewound = False
                except SourceUnavailable as error:
                    failures = 0 if self._gave_frames else failures + 1
                    self._put(Interrupted(str(error)))
                    self.source.close()
                    self._wait(lambda: False, min(_FIRST_BACK_OFF_S * 2.0 ** min(failures, 10), _LONGEST_BACK_OFF_S))
        except Exception as error:  # noqa: BLE001 — passed to the main loop, which ends the process
            self._put(Refused(error))
        finally:
            self.source.close()

    def _read_through(self) -> None:
        """Open the source and queue all its frames, paced by `pts` in live mode."""
        self._gave_frames = False
        self.source.open()
        resumed_behind = self._before_resume()
        told = tuple(self.source.warnings)
        self._put(Opened(self.source.label, told, resumed_behind, self.source.starts_s))
        paced = self._live and self.source.paced
        start, shown_s = 0.0, _ALONE_S
        before: Frame | None = None
        origin: Frame | None = None  # where the epoch began, if not at the source's beginning
        if paced:
            self._wait(lambda: self._begun)
        while not self._stopping:
            frame = self.source.read()
            if frame is None:
                break
            if before is None:
                start = time.monotonic() - frame.pts
            else:
                shown_s = frame.pts - before.pts
            if paced:
                self._wait(lambda: False, start + frame.pts - time.monotonic())
            if self._live and before is not None and abs(frame.jump_s) > _NEW_EPOCH_JUMP_S:
                origin = frame
                self._put(Jumped(frame.jump_s))
                self._put(Opened(self.source.label, starts_s=self.source.starts_s))
            self._gave_frames = True
            captured_ns = time.time_ns() if frame.captured_ns is None else frame.captured_ns
            self._put(Taken(_since(origin, frame), captured_ns, time.monotonic()))
            before = frame
        if paced and before is not None:  # show the last frame as long as the one before it
            self._wait(lambda: False, start + before.pts + shown_s - time.monotonic())
        self._put(Ended(tuple(self.source.warnings)))
        self.source.close()

    def _before_resume(self) -> Frame | None:
        """Seek to where a killed capture stopped; returns the last frame it had acknowledged."""
        skip_to, self._resume_after = self._resume_after, None
        if skip_to is None:
            return None
        self.source.skip_to(skip_to)
        return self.source.read()

    def _put(self, item: Item) -> None:
        with self._changed:
            if self._live and isinstance(item, Taken):
                self._skipped += item.frame.skipped
                if self._items and isinstance(self._items[-1], Taken):
                    self._items.pop()
                    self._skipped += 1
            else:
                self._changed.wait_for(lambda: len(self._items) < _AHEAD or self._stopping)
            if self._stopping:
                return
            self._items.append(item)
        with contextlib.suppress(OSError):  # full: the main loop is awake; closed: it has ended
            self._wake.send(b".")

    def _wait(self, done: Callable[[], bool], seconds: float | None = None) -> None:
        """Block until `done`, the timeout, or `stop`."""
        with self._changed:
            self._changed.wait_for(lambda: done() or self._stopping, None if seconds is None else max(0.0, seconds))


def _since(origin: Frame | None, frame: Frame) -> Frame:
    """The frame, numbered and timed from the first one of its epoch."""
    if origin is None:
        return frame
    return replace(frame, index=frame.index - origin.index, pts=round(frame.pts - origin.pts, 6))
