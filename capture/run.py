"""One source hosted by a capture: its reader, its epochs, and the window of the epoch that runs. No sockets.

`advance` moves frames from the reader into the window; what waits in the window is for the stage to send.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from capture.hints import Seen
from capture.reader import Ended, Interrupted, Opened, Reader, Taken
from capture.window import Policy, Window
from shared.errors import ConfigurationError
from shared.messages import SourceStatus
from shared.state import write_state

log = structlog.get_logger()

_RECORDER_S = 10.0

AtEnd = Literal["loop", "hold", "exit"]


class Progress(msgspec.Struct, frozen=True):
    """What a killed capture needs to go on: its epoch; of a replay the last frame acknowledged and the faces till then.

    A live source begins a new epoch, which must be a later one also when the clock has been set back.
    """

    epoch: int
    acked: int | None
    ended: bool = False
    seen: tuple[Seen, ...] = ()


def read_progress(written: bytes) -> Progress | None:
    """What `Run.save` wrote; None for a first file that was never finished: nothing had been sent."""
    try:
        return msgspec.json.decode(written, type=Progress)
    except msgspec.DecodeError:
        return None


@dataclass(frozen=True)
class Workers:
    """Who is there to work. `smoother`: somebody puts results together."""

    detectors: int
    classifiers: int
    smoother: bool

    def ready_for(self, policy: Policy) -> bool:
        """Whether a frame sent now would be finished; live, boxes without emotions are better than nothing."""
        return self.smoother and self.detectors > 0 and (policy.live or self.classifiers > 0)


class Run:
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
        self._label = label
        self._reader = reader
        self._at_end = at_end
        self._state_file = state_file
        self._progress = progress
        self._resuming = None if policy.live else progress
        self._over = bool(progress and progress.ended)
        self._end_said = False
        self._error: str | None = None
        self._seqs = (0, 0.0)
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

    def skipped(self) -> int:
        """Frames that newer ones have replaced since the last call."""
        return self._reader.skipped()

    def advance(self, workers: Workers, now: float, now_ns: int) -> int:
        """Take from the reader what there is room for; returns the number of frames admitted.

        Raises what the reader cannot go on after, SourceError among it.
        """
        admitted = 0
        self.window_size = self.window.size(workers.detectors, workers.classifiers)
        if workers.ready_for(self.policy):
            self._reader.begin()
        while (item := self._reader.peek()) is not None:
            if isinstance(item, Opened) and self.window.flights:
                break  # the epoch before drains first
            if isinstance(item, Taken) and not self._has_room(item, workers):
                break
            item = self._reader.take()  # live, maybe a newer frame than the one seen
            if isinstance(item, Taken):
                frame = item.frame
                self._end_said = frame.last
                self.window.admit(
                    frame.index, frame.pts, frame.image, item.captured_ns, item.captured_at, end=frame.last
                )
                admitted += 1
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
        return admitted

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
        """Write down how far it has come; called before anything that depends on it is sent."""
        progress = Progress(self.epoch, None) if self.policy.live else self._replayed()
        if self.epoch and progress != self._progress:
            write_state(self._state_file, msgspec.json.encode(progress))
            self._progress = progress

    def status(self, now: float) -> SourceStatus:
        """What viewers are told of this source; `fps` is since the last call."""
        seq = -1 if self.window.last_sent is None else self.window.last_sent
        before, at = self._seqs
        self._seqs = (seq, now)
        fps = (seq - before) / (now - at) if at and now > at and seq >= before >= 0 else 0.0
        return SourceStatus(
            source=self.name,
            spec=self._label,
            epoch=self.epoch,
            state=self.state,
            live=self.policy.live,
            seq=seq,
            window=self.window_size,
            unfinished=len(self.window.flights),
            fps=round(fps, 1),
            error=self._error or self._unrecorded(now),
        )

    def _replayed(self) -> Progress:
        acked = self.window.acked
        return Progress(self.epoch, acked, self.state == "ended", self.window.hints.up_to(acked))

    def _unrecorded(self, now: float) -> str | None:
        """A recorder that is waited for but not there would otherwise stop the pipeline without a word."""
        flights = self.window.flights.values()
        if any(flight.answered and flight.sent_at and now - flight.sent_at > _RECORDER_S for flight in flights):
            return f"no recorder has said ack/{self.name}/ for {_RECORDER_S:.0f} s (AFFECT_CAPTURE_ACK=recorder)"
        return None

    def _has_room(self, item: Taken, workers: Workers) -> bool:
        return (
            workers.ready_for(self.policy)
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
