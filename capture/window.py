"""The window of one epoch of a source: which frames are in flight, and what becomes of each. Pure; time in seconds.

A frame is admitted when there is room, sent to a detector, and done when it is acknowledged. Until then it is sent
again when the worker that had it is gone, or, in replay, after a time-out; live it is given up at a deadline, and in
any mode after three workers have died while they had it. Only the capture gives up.

The deadline follows the machine: what is set, or three times as long as the frame should take, which is known from what
the workers have done. So results come later on a slow machine, not never; and what a hung worker had is still given up
soon on a fast one.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from capture.dispatch import Terms
from capture.effort import Effort
from capture.flight import Flight, give_up
from capture.hints import Hints, Seen
from capture.reader import Taken
from capture.sources import Frame
from shared.messages import Faces
from shared.meter import Meter
from shared.signature import signature

FIRST_TIMEOUT_S = 5.0
"""Before it is known how long a frame takes."""
LEAST_TIMEOUT_S = 1.0
RARE_S = 0.5
MOST_TIMEOUT_S = 30.0
LONGEST_DEADLINE_S = 60.0
PATIENCE = 3
"""A live frame has so many times as long as it should take."""
_NO_CLASSIFIER_S = 0.25


@dataclass(frozen=True)
class Policy:
    """How a window treats its frames; all times in seconds."""

    live: bool
    size: int | None = None
    """Frames in flight at most; None: from the number of live workers."""
    max_bytes: int = 256 << 20
    deadline_s: float = 0.5
    """Live, a frame has at least so long."""
    classify_every: int = 3
    ack: Literal["smoother", "recorder"] = "smoother"
    scan_s: float = 0.0
    """Seconds between searches of the whole frame; those between are searched near known faces (0: all are whole)."""
    max_side: int = 0
    """Longest side at which whole frames are searched; 0: their own."""
    hint_lag: int = 4
    """In replay, known faces are those of so many frames before; no more frames are in flight."""


class Window:
    """The frames of one epoch in flight, oldest first.

    To go on where another window ended it takes the number of the last frame acknowledged there, that frame, and what
    the hints had `seen` up to it.
    """

    def __init__(
        self, policy: Policy, acked: int | None = None, before: Frame | None = None, seen: Iterable[Seen] = ()
    ):
        self.policy = policy
        colours = signature(before.image) if before else ()
        self.hints = Hints(1 if policy.live else policy.hint_lag, policy.scan_s, seen, colours, wanted=policy.live)
        self.flights: dict[int, Flight] = {}
        self.last_sent = acked
        self.meter = Meter()
        """Milliseconds from sending to result, of frames sent once (Karn's rule), for the time-out."""
        self._timeout_s = FIRST_TIMEOUT_S
        self._recorded = -1
        self._last_classified: int | None = None
        self._last_pts = before.pts if before else None

    @property
    def acked(self) -> int | None:
        """All frames up to this one are done; None before the first."""
        first = next(iter(self.flights.values()), None)
        return first.prev if first else self.last_sent

    def size(self, detectors: int, classifiers: int) -> int:
        """Frames that keep so many workers busy and no more."""
        size = detectors + 1 if self.policy.live else 2 * detectors + 3 * classifiers
        size = size if self.policy.size is None else self.policy.size
        return size if self.policy.live or not self.hints.are_wanted else min(size, self.hints.lag)

    def has_room(self, size: int, next_bytes: int) -> bool:
        """Whether one more frame of so many bytes may be admitted."""
        held = sum(flight.image.nbytes for flight in self.flights.values() if flight.image is not None)
        return len(self.flights) < size and (not self.flights or held + next_bytes <= self.policy.max_bytes)

    def knows_hints_for(self, seq: int) -> bool:
        """Whether all results are known that frame `seq` of a replay takes its hints from."""
        if self.policy.live or not self.hints.are_wanted:
            return True
        return all(flight.answered for flight in self.flights.values() if flight.seq <= seq - self.hints.lag)

    def admit(self, taken: Taken, terms: Terms | None = None) -> Flight:
        """Take a frame in, live on these terms; it waits to be sent."""
        frame = taken.frame
        own = Effort(self.policy.scan_s, self.policy.max_side, self.policy.classify_every)
        effort = terms.effort(max(frame.image.shape[:2])) if terms else own
        seq, pts = frame.index, frame.pts
        classify = self._is_due(seq, pts, effort.classify_every) and (terms is None or terms.claim_classifier())
        if classify:
            self._last_classified = seq
        if self.hints.are_wanted:
            self.hints.note(seq, signature(frame.image))
        scan = self.hints.scan_is_due(seq, pts, self._last_pts, effort.scan_s)
        hints = () if scan else self.hints.of(seq)
        self._last_pts = pts
        return self._add(
            Flight(
                seq,
                self.last_sent,
                pts,
                taken.captured_ns,
                taken.captured_at,
                frame.image,
                classify,
                frame.last,
                scan,
                hints,
                effort.max_side,
            )
        )

    def close(self, captured_ns: int, now: float) -> Flight:
        """End a run that has no last frame of its own: a frame that never was, given up."""
        seq = 0 if self.last_sent is None else self.last_sent + 1
        pts = self._last_pts or 0.0
        flight = Flight(seq, self.last_sent, pts, captured_ns, now, None, classify=False, end=True, gone="ended")
        return self._add(flight)

    def under_way(self) -> int:
        """How many frames have neither a result nor been given up."""
        return sum(flight.is_awaited for flight in self.flights.values())

    def suspects(self) -> list[Flight]:
        """The frames that workers may have died of."""
        return [flight for flight in self.flights.values() if flight.is_suspect]

    def to_send(self, alone: Flight | None = None) -> Iterator[Flight]:
        """What waits to be sent, oldest first.

        With `alone`, of the unanswered frames only that one, and the unsuspected ones before it in its source: until
        they are answered, it cannot be.
        """
        before = alone.seq if alone is not None and self.flights.get(alone.seq) is alone else -1
        for flight in tuple(self.flights.values()):
            is_needed = flight.seq < before and not flight.is_suspect
            if flight.waiting and (alone is None or flight is alone or is_needed or flight.answered or flight.gone):
                yield flight

    def sent(self, flight: Flight, detector: str | None, now: float, expected_s: float = 0.0) -> None:
        """The flight went to a detector, which should be done with it after `expected_s`, or its end to the smoother.

        The time-out doubles every time. Live there is none but for the end: to send a frame again that is late would be
        still more work for who is too slow.
        """
        flight.timeout_s = min(2 * flight.timeout_s, MOST_TIMEOUT_S) if flight.attempts else self._timeout_s
        if flight.gone:
            flight.timeout_s = LEAST_TIMEOUT_S
        flight.waiting, flight.located = False, False
        flight.detector, flight.classifiers = detector, ()
        again = not self.policy.live or flight.gone or flight.answered
        flight.sent_at, flight.timeout_at = now, now + flight.timeout_s if again else float("inf")
        flight.deadline_at = now + self._deadline_s(expected_s) if self.policy.live else float("inf")
        flight.first_sent_at = now if flight.first_sent_at is None else flight.first_sent_at
        flight.attempts += 1

    def located(self, message: Faces, now: float, members: Collection[str], expected_s: float = 0.0) -> None:
        """A detector said where the faces are, and whom of the classifiers it gave the crops to.

        Those should be done after `expected_s`. One that has left meanwhile (not in `members`) will never answer; where
        there was none, there soon may be.
        """
        flight = self.flights.get(message.seq)
        if flight is None or flight.detector != message.worker or flight.answered or flight.gone:
            return
        flight.located, flight.classifiers = True, tuple(message.classifiers)
        flight.deadline_at = max(flight.deadline_at, now + PATIENCE * min(expected_s, LONGEST_DEADLINE_S))
        if not set(message.classifiers) <= set(members):
            flight.waiting = True
        elif not message.classifiers and any(face.classify for face in message.faces):
            flight.timeout_at = min(flight.timeout_at, now + _NO_CLASSIFIER_S)
        self._whole(flight, now)

    def classified(self, seq: int, worker: str, now: float) -> None:
        """A classifier has done its part of a frame; when all have, only the smoother is waited for."""
        flight = self.flights.get(seq)
        if flight is not None and worker in flight.classifiers:
            flight.classifiers = tuple(name for name in flight.classifiers if name != worker)
            self._whole(flight, now)

    def answered(self, seq: int, now: float) -> Flight | None:
        """The smoother's result for a frame was heard; returns it the first time."""
        flight = self.flights.get(seq)
        if flight is None or flight.answered:
            return None
        flight.answered, flight.waiting = True, False
        if flight.attempts == 1 and flight.sent_at is not None:  # sent twice, it is unknown which was answered
            self.meter.took((now - flight.sent_at) * 1000)
            self._timeout_s = max(LEAST_TIMEOUT_S, 5 * (self.meter.percentile_ms(95) or 0.0) / 1000)
        if self.policy.ack == "smoother" or seq <= self._recorded:
            del self.flights[seq]
            self.hints.forget_before(self.acked)
        else:  # asked for again until the recorder has it, too
            flight.timeout_at = now + max(flight.timeout_s, LEAST_TIMEOUT_S)
        self._grant(now)
        return flight

    def recorded(self, seq: int) -> None:
        """A recorder has all rows up to `seq` on disk; a result it has heard may still be on its way to us."""
        if self.policy.ack == "recorder":
            self._recorded = max(self._recorded, seq)
            for known in [known for known, flight in self.flights.items() if known <= seq and flight.answered]:
                del self.flights[known]
            self.hints.forget_before(self.acked)

    def dropped(self, seq: int, worker: str) -> None:
        """A worker will not work on a frame: live it is given up, in replay it goes elsewhere."""
        flight = self.flights.get(seq)
        if flight is None or worker not in flight.holders():
            return
        if self.policy.live:
            give_up(flight, "deadline")
        else:
            flight.waiting = True

    def take_from(self, silent: frozenset[str]) -> None:
        """What workers have that say nothing any more goes elsewhere; they may be back, so nobody is blamed."""
        for flight in self.flights.values():
            flight.waiting |= bool(silent and not silent.isdisjoint(flight.holders()))

    def held_by(self, worker: str) -> list[Flight]:
        """What a worker has of ours."""
        return [flight for flight in self.flights.values() if worker in flight.holders()]

    def resend_all(self) -> None:
        """The smoother came (back): whatever it had not finished has to reach it again."""
        for flight in self.flights.values():
            flight.waiting = not flight.answered

    def expire(self, now: float) -> list[Flight]:
        """Give up what is over its deadline, and mark what has timed out to be sent again; returns what was given up.

        A time-out blames nobody: the worker may be slow, or the message lost. It makes the window more patient until a
        frame sent once is answered again.
        """
        late = [flight for flight in self._with_deadline() if now >= flight.deadline_at]
        for flight in late:
            give_up(flight, "deadline")
        if late:
            self._extend(now)  # the others' results may have waited for these
        for flight in self.flights.values():
            if now >= flight.timeout_at and not flight.waiting:
                self._timeout_s = min(max(self._timeout_s, 2 * flight.timeout_s), MOST_TIMEOUT_S)
                flight.waiting = True
        return late

    def next_expiry(self) -> float:
        """When `expire` next has something to do."""
        deadlines = [flight.deadline_at for flight in self._with_deadline()]
        timeouts = [flight.timeout_at for flight in self.flights.values() if not flight.waiting]
        return min(timeouts + deadlines, default=float("inf"))

    def _deadline_s(self, expected_s: float) -> float:
        return max(self.policy.deadline_s, min(PATIENCE * expected_s, LONGEST_DEADLINE_S))

    def _grant(self, now: float) -> None:
        """Results come in order, so that one is progress for all frames behind it: they get their time anew."""
        for flight in self.flights.values():
            if flight.holders():
                flight.timeout_at = max(flight.timeout_at, now + flight.timeout_s)
        self._extend(now)

    def _whole(self, flight: Flight, now: float) -> None:
        """Workers are done with it, so that how slow they are is no reason to wait for longer."""
        if self.policy.live and flight.is_whole:
            flight.deadline_at = min(flight.deadline_at, now + self.policy.deadline_s)

    def _extend(self, now: float) -> None:
        """Frames that are whole waited for one before them, which is over: their results have time to come."""
        for flight in self.flights.values():
            if self.policy.live and flight.is_whole:
                flight.deadline_at = max(flight.deadline_at, now + self.policy.deadline_s)

    def _with_deadline(self) -> list[Flight]:
        """The frames that can be late: not those that only wait for one before them."""
        awaited = [flight for flight in self.flights.values() if flight.is_awaited]
        return awaited[:1] + [flight for flight in awaited[1:] if not flight.is_whole]

    def _add(self, flight: Flight) -> Flight:
        self.flights[flight.seq] = flight
        self.last_sent = flight.seq
        return flight

    def _is_due(self, seq: int, pts: float, every: int) -> bool:
        """Every n-th frame is classified, and each that comes long after the one before, as the images of a folder do.

        Live, n counts from the last one classified, since frames are skipped; in replay the answer must not depend on
        where a killed capture went on.
        """
        is_rare = self._last_pts is not None and pts - self._last_pts >= RARE_S
        if is_rare and every == self.policy.classify_every:
            return True
        if not self.policy.live:
            return seq % every == 0
        return self._last_classified is None or seq - self._last_classified >= every
