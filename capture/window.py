"""The window of one epoch of a source: its frames in flight, in order, and their deadlines. Pure; time in seconds.

A frame is admitted when there is room, sent to a detector, and done when acknowledged. Until then it is retransmitted
when its worker is lost or, in replay, after a timeout; a live frame is given up at its deadline, any frame after three
workers have died while holding it. Only the capture gives up.

The deadline adapts to the machine: the setting, or three times the expected time, estimated from the workers' past
work. So a slow machine gets late results rather than none, and a fast one still gives up a hung worker's frames soon.
"""

from collections.abc import Collection, Iterable, Iterator

from capture.asks import Asked
from capture.flight import Flight, Phase
from capture.policy import Policy
from capture.reader import Taken
from shared.messages import Faces
from shared.meter import Meter

FIRST_TIMEOUT_S = 5.0  # used until a round-trip time is known
LEAST_TIMEOUT_S = 1.0
MOST_TIMEOUT_S = 30.0
LONGEST_DEADLINE_S = 60.0
PATIENCE = 3  # a live frame's deadline as a multiple of its expected time
_NO_CLASSIFIER_S = 0.25


class Window:
    """The frames of one epoch in flight, oldest first; `acked` was the last one acknowledged to another window."""

    def __init__(self, policy: Policy, acked: int | None = None):
        self.policy = policy
        self.flights: dict[int, Flight] = {}
        self.last_sent = acked
        self.meter = Meter()
        """Round-trip times in milliseconds, for the timeout."""
        self.is_open = acked is not None
        """Frames were sent, the last one of the epoch not among them."""
        self._timeout_s = FIRST_TIMEOUT_S
        self._recorded = -1

    @property
    def acked(self) -> int | None:
        """All frames up to this one are done; None before the first."""
        first = next(iter(self.flights.values()), None)
        return first.prev if first else self.last_sent

    def has_room(self, size: int, next_bytes: int) -> bool:
        """Whether a further frame of `next_bytes` may be admitted: `size` on their way to the smoother.

        As many may wait for the recorder besides, so that workers do not.
        """
        held = sum(flight.image.nbytes for flight in self.flights.values() if flight.image is not None)
        on_their_way = sum(flight.phase is not Phase.ANSWERED for flight in self.flights.values())
        fits = not self.flights or held + next_bytes <= self.policy.max_bytes
        return on_their_way < size and len(self.flights) < 2 * size and fits

    def knows_hints_for(self, seq: int) -> bool:
        """Whether all results that frame `seq` takes its hints from have arrived."""
        needed = seq - self.policy.hint_lag if self.policy.waits_for_hints else -1
        return all(flight.phase is Phase.ANSWERED for flight in self.flights.values() if flight.seq <= needed)

    def under_way(self) -> int:
        """The number of frames neither answered nor given up."""
        return sum(flight.is_awaited for flight in self.flights.values())

    def suspects(self) -> list[Flight]:
        """The frames that may have killed workers."""
        return [flight for flight in self.flights.values() if flight.is_suspect]

    def to_send(self, alone: Flight | None = None) -> Iterator[Flight]:
        """The frames to be sent, oldest first.

        With `alone`, of the unanswered frames only that one and the unsuspected ones before it in its source, as
        answers come in order.
        """
        before = alone.seq if alone is not None and self.flights.get(alone.seq) is alone else -1
        for flight in tuple(self.flights.values()):
            is_needed = flight.seq < before and not flight.is_suspect
            if flight.waiting and (alone is None or flight is alone or is_needed or not flight.is_awaited):
                yield flight

    def late(self, now: float) -> list[Flight]:
        """The live frames past their deadline."""
        return [flight for flight in self._with_deadline() if now >= flight.deadline_at]

    def next_expiry(self) -> float:
        """When `expire` next has something to do."""
        deadlines = [flight.deadline_at for flight in self._with_deadline()]
        timeouts = [flight.timeout_at for flight in self.flights.values() if not flight.waiting]
        return min(timeouts + deadlines, default=float("inf"))

    def admit(self, taken: Taken, asked: Asked) -> Flight:
        """Admit a frame; it waits to be sent."""
        frame, last, live = taken.frame, self.last_sent, self.policy.live
        at = taken.captured_ns, taken.captured_at
        return self._add(Flight(frame.index, last, frame.pts, *at, frame.image, asked, live, frame.last))

    def close(self, pts: float, captured_ns: int, now: float) -> Flight:
        """End an epoch that has no last frame, by a pseudo-frame that is given up at once."""
        last = self.last_sent
        seq = 0 if last is None else last + 1
        flight = Flight(seq, last, pts, captured_ns, now, None, Asked(), self.policy.live, end=True)
        flight.give_up("ended")
        return self._add(flight)

    def sent(self, flight: Flight, detector: str | None, now: float, expected_s: float = 0.0) -> None:
        """A frame was sent to a detector, which should take `expected_s`, or its `gone` to the smoother.

        The timeout doubles with every retransmit.
        """
        timeout_s = min(2 * flight.timeout_s, MOST_TIMEOUT_S) if flight.attempts else self._timeout_s
        deadline_s = max(self.policy.deadline_s, min(PATIENCE * expected_s, LONGEST_DEADLINE_S))
        flight.sent(detector, now, LEAST_TIMEOUT_S if flight.gone else timeout_s, deadline_s)

    def located(self, message: Faces, now: float, members: Collection[str], expected_s: float = 0.0) -> None:
        """A detector found the faces and sent the crops to classifiers, which should take `expected_s`.

        A classifier that has left (not in `members`) will never answer; if there was none, one may join soon.
        """
        flight = self.flights.get(message.seq)
        if flight is None or not flight.located(message.worker, message.classifiers):
            return
        flight.extend(now + PATIENCE * min(expected_s, LONGEST_DEADLINE_S))
        if not set(message.classifiers) <= set(members):
            flight.resend()
        elif not message.classifiers and any(face.classify for face in message.faces):
            flight.hasten(timeout_at=now + _NO_CLASSIFIER_S)
        self._hasten(flight, now)

    def classified(self, seq: int, worker: str, now: float) -> None:
        """A classifier has answered a frame; when all have, only the smoother's result is pending."""
        if (flight := self.flights.get(seq)) is not None:
            flight.classified(worker)
            self._hasten(flight, now)

    def answered(self, seq: int, now: float) -> Flight | None:
        """The smoother's result for a frame arrived; returns the frame the first time."""
        flight = self.flights.get(seq)
        if flight is None or flight.phase is Phase.ANSWERED:
            return None
        flight.answered(now + max(flight.timeout_s, LEAST_TIMEOUT_S))
        if (took_s := flight.took_s(now)) is not None:
            self.meter.took(took_s * 1000)
            self._timeout_s = max(LEAST_TIMEOUT_S, 5 * (self.meter.percentile_ms(95) or 0.0) / 1000)
        if self.policy.ack == "smoother" or seq <= self._recorded:
            del self.flights[seq]
        for other in self.flights.values():  # results come in order: one is progress for all after it
            other.progress(now)
        self._extend(now)
        return flight

    def recorded(self, seq: int) -> None:
        """A recorder has acknowledged all rows up to `seq`; it may have received results before us."""
        if self.policy.ack == "recorder":
            self._recorded = max(self._recorded, seq)
            for known, flight in tuple(self.flights.items()):
                if known <= seq and flight.phase is Phase.ANSWERED:
                    del self.flights[known]

    def dropped(self, seq: int, worker: str) -> None:
        """A worker dropped a frame."""
        if (flight := self.flights.get(seq)) is not None:
            flight.dropped(worker)

    def lost(self, worker: str) -> None:
        """A worker is gone: retransmit the frames it held at once, as suspects in its death."""
        for flight in self.flights.values():
            flight.blamed(worker)

    def take_from(self, silent: frozenset[str]) -> None:
        """Retransmit the frames of silent workers, without blame, as they may come back."""
        for flight in self.flights.values():
            if not silent.isdisjoint(flight.holders):
                flight.resend()

    def resend_all(self) -> None:
        """The smoother has (re)joined: retransmit all unanswered frames."""
        for flight in self.flights.values():
            if flight.phase is not Phase.ANSWERED:
                flight.resend()

    def expire(self, now: float) -> None:
        """Give up frames past their deadline, and retransmit those that have timed out.

        A timeout blames no worker: it may be slow, or the message lost. It lengthens further timeouts until a frame
        sent only once is answered.
        """
        late = self.late(now)
        for flight in late:
            flight.give_up("deadline")
        if late:
            self._extend(now)  # others' results may have waited for these
        for flight in self.flights.values():
            if now >= flight.timeout_at and not flight.waiting:
                self._timeout_s = min(max(self._timeout_s, 2 * flight.timeout_s), MOST_TIMEOUT_S)
                flight.resend()

    def give_up(self) -> None:
        """Give up all frames that workers have not finished."""
        for flight in self.flights.values():
            if flight.is_awaited:
                flight.give_up("deadline")

    def _hasten(self, flight: Flight, now: float) -> None:
        """Once workers are done with it, their slowness no longer extends its deadline."""
        if flight.phase is Phase.WHOLE:
            flight.hasten(deadline_at=now + self.policy.deadline_s)

    def _extend(self, now: float) -> None:
        """Whole frames waited for an earlier one that is over now: give their results time to arrive."""
        for flight in self.flights.values():
            if flight.phase is Phase.WHOLE:
                flight.extend(now + self.policy.deadline_s)

    def _with_deadline(self) -> list[Flight]:
        """The frames that a deadline applies to: not those that only wait for an earlier one."""
        awaited = [flight for flight in self.flights.values() if flight.is_awaited]
        return awaited[:1] + [flight for flight in awaited[1:] if flight.phase is not Phase.WHOLE]

    def _add(self, flight: Flight) -> Flight:
        self.flights[flight.seq] = flight
        self.last_sent, self.is_open = flight.seq, not flight.end
        return flight


def travelling_alone(windows: Iterable[Window]) -> Flight | None:
    """The one suspect to be in flight without any other frame, in turn, to find out which of them kills workers."""
    suspects = [flight for window in windows for flight in window.suspects()]
    travelling = [flight for flight in suspects if not flight.waiting]
    return min(travelling or suspects, key=lambda flight: flight.first_sent_at or 0.0, default=None)
