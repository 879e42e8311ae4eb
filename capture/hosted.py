"""One source hosted by a capture: its reader, its epochs, and the current epoch's frames. No sockets.

`advance` moves frames from the reader into the window, from where the stage sends them.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import structlog

from capture.asks import Asks
from capture.dispatch import Key, Terms, Workers
from capture.effort import Effort
from capture.flight import Flight
from capture.pace import Pace
from capture.policy import Policy
from capture.progress import Progress, ProgressFile
from capture.reader import Ended, Interrupted, Item, Jumped, Opened, Reader, Taken
from capture.window import Window
from shared.errors import ConfigurationError
from shared.log import Once
from shared.messages import Header
from shared.results import Smoothed

log = structlog.get_logger()

AtEnd = Literal["loop", "hold", "exit"]


class Hosted:
    """A source from its first opening to its end, one epoch after another."""

    def __init__(
        self,
        name: str,
        label: str,
        reader: Reader,
        policy: Policy,
        at_end: AtEnd,
        state_file: Path,
        progress: Progress | None = None,
    ):
        self.name = name
        self.label = label
        self.policy = policy
        self.state: Literal["opening", "running", "reconnecting", "holding", "ended"] = "opening"
        self.error: str | None = None
        self.epoch = progress.epoch if progress else 0
        self.window, self.asks = Window(policy), Asks(policy)
        self.window_size = 0
        self.pace = Pace()
        self.starts_s = 0.0
        """The medium's own time of its first frame, which has `pts` 0."""
        self.served_at = 0.0
        """When a frame of it was last sent, for the round-robin."""
        self.reader = reader
        self._at_end = at_end
        self._progress = ProgressFile(state_file, name, progress, needed=policy.is_recorded)
        self._resuming = None if policy.live else progress
        self._over = bool(progress and progress.ended)
        self._longest_side = 0
        self._log = log.bind(source=name)
        self._once = Once()

    def start(self) -> None:
        """Start the reader, unless the source had ended before a crash."""
        if self._over:
            self.state = "ended"
        else:
            self.reader.start()

    def stop(self) -> None:
        """Stop the reader."""
        self.reader.stop()

    def end(self, now: float, now_ns: int) -> None:
        """Read no more, forget the progress, end the epoch; `ended` once all that is in flight is answered."""
        self.reader.end()
        self._progress.close()
        self.close_epoch(now, now_ns)
        self._over, self._at_end = True, "exit"

    def effort(self, longest_side: int = 0) -> Effort:
        """The full effort for a frame of this longest side; 0: the last frame's."""
        sides = [side for side in (self.policy.max_side, longest_side or self._longest_side) if side]
        return Effort(self.policy.scan_s, min(sides, default=0), self.policy.classify_every)

    def take_skipped(self) -> int:
        """The number of frames replaced by newer ones since the last call."""
        skipped = self.reader.take_skipped()
        self.pace.read(skipped)
        return skipped

    def advance(self, workers: Workers, now: float, now_ns: int, terms: Terms | None = None) -> int:
        """Admit frames from the reader while there is room; returns their number.

        Live frames, which alone have `terms`, are taken one at a time and only when a detector has room: until then
        they wait in the reader, where a newer one replaces them.

        Raises the reader's fatal error, such as SourceError.
        """
        admitted = 0
        self.window_size = self.policy.window_size(workers.detectors, workers.classifiers)
        if workers.are_ready(live=self.policy.live):
            self.reader.begin()
        while (item := self._take(workers, terms)) is not None:
            if isinstance(item, Taken):
                self._longest_side = max(item.frame.image.shape[:2])
                self.window.admit(item, self.asks.decide(item.frame, terms))
                admitted += 1
                if terms:
                    break
            elif isinstance(item, Opened):
                self._begin(item, now_ns)
            elif isinstance(item, Jumped):
                self._jump(item, now, now_ns)
            elif isinstance(item, Interrupted):
                self._interrupt(item, now, now_ns)
            elif isinstance(item, Ended):
                self._finish(item, now, now_ns)
            else:
                raise item.error
        if self._over and not self.window.flights:
            self.state = "ended" if self._at_end == "exit" else "holding"
        self.pace.read(admitted)
        return admitted

    def _take(self, workers: Workers, terms: Terms | None) -> Item | None:
        """The reader's next item if it may be taken now; a live frame may be newer than the one peeked at."""
        item = self.reader.peek()
        if isinstance(item, Opened) and self.window.flights:
            return None  # the previous epoch drains first
        if isinstance(item, Taken) and not self._has_room(item, workers, terms):
            return None
        return None if item is None else self.reader.take()

    def outdo(self, epoch: int, now_ns: int) -> bool:
        """Begin an epoch later than another capture's, as ours would count as old; False if ours is later, or over.

        Frames in flight are lost. Raises ConfigurationError for a replay, which would be incomplete.
        """
        if epoch <= self.epoch or self.state in ("holding", "ended"):
            return False
        if not self.policy.live:
            raise ConfigurationError(f"another capture of {self.name!r} ran meanwhile, so this replay is not whole")
        self.epoch = max(epoch + 1, now_ns // 1_000_000)
        self.window, self.asks = Window(self.policy), Asks(self.policy)
        self._log.warning("another capture of this source has gone, going on", epoch=self.epoch)
        return True

    def answered(self, result: Smoothed, now: float) -> Flight | None:
        """A result arrived; returns its frame the first time."""
        flight = self.window.answered(result.seq, now)
        if flight is not None:
            self.asks.forget_before(self.window.acked)
            if result.complete:
                self.pace.analysed(1000 * (now - flight.captured_at))
            if result.size is not None:  # else nobody searched it
                self.asks.hints.learn(result.seq, result.pts, ((face.track_id, face.xyxy) for face in result.faces))
        return flight

    def dropped(self, seq: int, worker: str) -> None:
        """A worker dropped a frame."""
        self.pace.stale += 1
        self.window.dropped(seq, worker)

    def recorded(self, seq: int) -> None:
        """A recorder has acknowledged all rows up to `seq`."""
        self.window.recorded(seq)
        self.asks.forget_before(self.window.acked)

    def key(self, flight: Flight) -> Key:
        """A frame's identity among those of all sources."""
        return self.name, self.epoch, flight.seq

    def header(self, flight: Flight) -> Header:
        """The header of every message about a frame."""
        return Header(
            source=self.name,
            epoch=self.epoch,
            seq=flight.seq,
            prev=flight.prev,
            acked=self.window.acked,
            pts=flight.pts,
            captured_ns=flight.captured_ns,
            live=flight.live,
            end=flight.end,
        )

    def save(self) -> None:
        """Persist the progress; call it before sending anything that depends on it.

        Raises ConfigurationError if that fails and rows are at stake.
        """
        if self.policy.live:
            progress = Progress(self.epoch, None)
        else:
            acked = self.window.acked
            asks = self.asks
            ended = self.state == "ended"
            progress = Progress(self.epoch, acked, ended, asks.hints.up_to(acked), asks.cadence.up_to(acked))
        if self.epoch:
            self._progress.save(progress)

    def _has_room(self, item: Taken, workers: Workers, terms: Terms | None) -> bool:
        return (
            workers.are_ready(live=self.policy.live)
            and (terms is None or terms.has_room())
            and self.window.has_room(self.window_size, item.frame.image.nbytes)
            and self.window.knows_hints_for(item.frame.index)
        )

    def _begin(self, item: Opened, now_ns: int) -> None:
        self.label = item.label
        if self._resuming:
            self.window = Window(self.policy, self._resuming.acked)
            self.asks = Asks(self.policy, item.before, self._resuming.seen, self._resuming.classified)
            self._log.info("going on", epoch=self.epoch, after_seq=self._resuming.acked)
            self._resuming = None
        else:
            self.epoch = max(self.epoch + 1, now_ns // 1_000_000)
            self.window, self.asks = Window(self.policy), Asks(self.policy)
            self._log.info("source open", epoch=self.epoch, spec=self.label, live=self.policy.live)
        self._warn(item.warnings)
        self.state, self.error, self.starts_s = "running", None, item.starts_s

    def _interrupt(self, item: Interrupted, now: float, now_ns: int) -> None:
        self.error = item.reason
        if self.state != "reconnecting":
            self._log.warning("source lost, reopening until it is back", error=item.reason, epoch=self.epoch)
        self.close_epoch(now, now_ns)
        self.state = "reconnecting"

    def _jump(self, item: Jumped, now: float, now_ns: int) -> None:
        self._log.warning("time stamps jumped, going on in a new epoch", by_s=round(item.jump_s, 3), epoch=self.epoch)
        self.close_epoch(now, now_ns)

    def close_epoch(self, now: float, now_ns: int) -> None:
        """End this epoch, unless its last frame was sent."""
        if self.window.is_open:
            self.window.close(self.asks.last_pts or 0.0, now_ns, now)

    def _finish(self, item: Ended, now: float, now_ns: int) -> None:
        if self.policy.live:
            self.close_epoch(now, now_ns)  # a recording behind a URL cannot mark its last frame
        self._warn(item.warnings)
        if self._at_end == "loop":
            self.reader.rewind()
        else:
            self._over = True

    def _warn(self, warnings: Iterable[str]) -> None:
        """Log each warning once, however often the source is read."""
        for warning in filter(self._once, warnings):
            self._log.warning("source read with faults", epoch=self.epoch, fault=warning)
