"""One source hosted by a capture: its reader, its epochs, and the window of the epoch that runs. No sockets.

`advance` moves frames from the reader into the window; what waits in the window is for the stage to send.
"""

import contextlib
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from capture.dispatch import Terms, Workers
from capture.effort import Bottleneck, Effort
from capture.hints import Seen
from capture.pace import Pace
from capture.reader import Ended, Interrupted, Item, Opened, Reader, Taken
from capture.window import Policy, Window
from shared.errors import ConfigurationError
from shared.messages import SourceStatus
from shared.state import forget_state, write_state

log = structlog.get_logger()

_RECORDER_S = 10.0

AtEnd = Literal["loop", "hold", "exit"]
WaitsFor = Literal["detector", "classifier", "smoother", "recorder"] | None


class Progress(msgspec.Struct, frozen=True):
    """What a killed capture needs to go on: its epoch; of a replay the last frame acknowledged and the faces till then.

    A live source begins a new epoch, which must be a later one also when the clock has been set back.
    """

    epoch: int
    acked: int | None
    ended: bool = False
    seen: tuple[Seen, ...] = ()


def read_progress(written: bytes) -> Progress | None:
    """What `Hosted.save` wrote; None for a first file that was never finished: nothing had been sent."""
    try:
        return msgspec.json.decode(written, type=Progress)
    except msgspec.DecodeError:
        return None


class Hosted:
    """A source from its first opening to its end, one epoch after the other."""

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
        self.policy = policy
        self.state: Literal["opening", "running", "reconnecting", "holding", "ended"] = "opening"
        self.epoch = progress.epoch if progress else 0
        self.window = Window(policy)
        self.window_size = 0
        self.pace = Pace()
        self.served_at = 0.0
        """When a frame of it was last sent, for the others' turn."""
        self._label = label
        self._reader = reader
        self._at_end = at_end
        self._state_file = state_file
        self._progress = progress
        self._resuming = None if policy.live else progress
        self._over = bool(progress and progress.ended)
        self._end_said = False
        self._error: str | None = None
        self._longest_side = 0
        self._unwritten = False
        self._log = log.bind(source=name)

    def start(self) -> None:
        """Begin to read, unless all was read before a crash."""
        if self._over:
            self.state = "ended"
        else:
            self._reader.start()

    def stop(self) -> None:
        """End the reader."""
        if self.state != "ended":
            self._reader.stop()

    def effort(self, longest_side: int = 0) -> Effort:
        """What is asked of a frame of so many pixels if nothing is reduced; without them, of one like the last."""
        sides = [side for side in (self.policy.max_side, longest_side or self._longest_side) if side]
        return Effort(self.policy.scan_s, min(sides, default=0), self.policy.classify_every)

    def take_skipped(self) -> int:
        """Frames that newer ones have replaced since the last call."""
        skipped = self._reader.take_skipped()
        self.pace.read(skipped)
        return skipped

    def advance(self, workers: Workers, now: float, now_ns: int, terms: Terms | None = None) -> int:
        """Take from the reader what there is room for; returns the number of frames admitted.

        Live, a frame is taken only when a detector has room for it, and one at a time: it waits in the reader, where a
        newer one replaces it. `terms` are for live sources alone.

        Raises what the reader cannot go on after, SourceError among it.
        """
        admitted = 0
        self.window_size = self.window.size(workers.detectors, workers.classifiers)
        if workers.are_ready(live=self.policy.live):
            self._reader.begin()
        while (item := self._take(workers, terms)) is not None:
            if isinstance(item, Taken):
                self._end_said = item.frame.last
                self._longest_side = max(item.frame.image.shape[:2])
                self.window.admit(item, terms)
                admitted += 1
                if terms:
                    break
            elif isinstance(item, Opened):
                self._begin(item, now_ns)
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
        """The reader's next item if it may be taken now; of a live frame maybe a newer one than the one seen."""
        item = self._reader.peek()
        if isinstance(item, Opened) and self.window.flights:
            return None  # the epoch before drains first
        if isinstance(item, Taken) and not self._has_room(item, workers, terms):
            return None
        return None if item is None else self._reader.take()

    def outdo(self, epoch: int, now_ns: int) -> None:
        """Go on in an epoch after one that another capture of this source had: ours counts as old until then.

        What was in flight is lost. Raises ConfigurationError for a replay, whose frames it would leave out.
        """
        if not self.policy.live:
            raise ConfigurationError(f"another capture of {self.name!r} ran meanwhile, so this replay is not whole")
        self.epoch = max(epoch + 1, now_ns // 1_000_000)
        self.window = Window(self.policy)
        self._log.warning("another capture of this source has gone, going on", epoch=self.epoch)

    def save(self) -> None:
        """Write down how far it has come; called before anything that depends on it is sent.

        Raises ConfigurationError where that fails and rows are at stake: in a replay whose recorder counts on each.
        """
        progress = Progress(self.epoch, None) if self.policy.live else self._replayed()
        if not self.epoch or progress == self._progress:
            return
        try:
            write_state(self._state_file, msgspec.json.encode(progress))
        except OSError as error:
            fault = f"where it is cannot be written to {str(self._state_file)!r} ({error.strerror})"
            with contextlib.suppress(OSError):
                forget_state(self._state_file)  # a successor must not go on where we were long ago
            if self.policy.ack == "recorder" and not self.policy.live:
                raise ConfigurationError(f"{self.name}: {fault}: killed, it could not go on") from None
            if not self._unwritten:
                self._log.warning("going on without a state on disk", error=fault)
            self._unwritten = True
        else:
            self._unwritten = False
        self._progress = progress

    def status(
        self, now: float, effort: Effort, *, overloaded: bool, bottleneck: Bottleneck | None = None
    ) -> SourceStatus:
        """What viewers are told of this source, of which `effort` is asked now."""
        fps, results_fps = self.pace.per_second()
        waits_for, waits_s = self._waits_for(now)
        return SourceStatus(
            source=self.name,
            spec=self._label,
            epoch=self.epoch,
            state=self.state,
            live=self.policy.live,
            seq=-1 if self.window.last_sent is None else self.window.last_sent,
            window=self.window_size,
            unfinished=len(self.window.flights),
            fps=round(fps, 1),
            error=self._error or self._unrecorded(now),
            results_fps=round(results_fps, 2),
            age_ms=self.pace.age_ms(),
            given_up=self.pace.given_up,
            stale=self.pace.stale,
            overloaded=overloaded,
            effort=effort.steps,
            scan_s=effort.scan_s,
            max_side=effort.max_side,
            classify_every=effort.classify_every,
            bottleneck=bottleneck,
            waits_for=waits_for,
            waits_s=round(waits_s, 1),
        )

    def _waits_for(self, now: float) -> tuple[WaitsFor, float]:
        """Who has the oldest unfinished frame, and how long ago that was captured."""
        flight = next(iter(self.window.flights.values()), None)
        return (None, 0.0) if flight is None else (flight.waits_for, max(0.0, now - flight.captured_at))

    def _replayed(self) -> Progress:
        acked = self.window.acked
        return Progress(self.epoch, acked, self.state == "ended", self.window.hints.up_to(acked))

    def _unrecorded(self, now: float) -> str | None:
        """A recorder that is waited for but not there would otherwise stop the pipeline without a word."""
        flights = self.window.flights.values()
        if any(flight.answered and flight.sent_at and now - flight.sent_at > _RECORDER_S for flight in flights):
            return f"no recorder has said ack/{self.name}/ for {_RECORDER_S:.0f} s (AFFECT_CAPTURE_ACK=recorder)"
        return None

    def _has_room(self, item: Taken, workers: Workers, terms: Terms | None) -> bool:
        return (
            workers.are_ready(live=self.policy.live)
            and (terms is None or terms.has_room())
            and self.window.has_room(self.window_size, item.frame.image.nbytes)
            and self.window.knows_hints_for(item.frame.index)
        )

    def _begin(self, item: Opened, now_ns: int) -> None:
        if self._resuming:
            self.window = Window(self.policy, self._resuming.acked, item.before, self._resuming.seen)
            self._log.info("going on", epoch=self.epoch, after_seq=self._resuming.acked)
            self._resuming = None
        else:
            self.epoch = max(self.epoch + 1, now_ns // 1_000_000)
            self.window = Window(self.policy)
            self._log.info("source open", epoch=self.epoch, spec=self._label, live=self.policy.live)
        self.state, self._error = "running", None

    def _interrupt(self, item: Interrupted, now: float, now_ns: int) -> None:
        self._error = item.reason
        if self.state != "reconnecting":
            self._log.warning("source lost, reopening until it is back", error=item.reason, epoch=self.epoch)
        if self.state == "running" and self.window.last_sent is not None:
            self.close_epoch(now, now_ns)
        self.state = "reconnecting"

    def close_epoch(self, now: float, now_ns: int) -> None:
        """Say that this epoch ends here, for a source that just stopped."""
        self.window.close(now_ns, now)

    def _finish(self, item: Ended, now: float, now_ns: int) -> None:
        if not self._end_said and self.policy.live and self.window.last_sent is not None:
            self.close_epoch(now, now_ns)  # a recording behind a URL does not know its last frame
        self._end_said = True
        for warning in item.warnings:
            self._log.warning("source read with losses", epoch=self.epoch, loss=warning)
        if self._at_end == "loop":
            self._reader.rewind()
        else:
            self._over = True
