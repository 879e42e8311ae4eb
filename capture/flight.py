"""One frame from capture to acknowledgement, as a state machine. Pure; time in seconds.

    NEW ─sent─▶ DETECTING ─located─▶ CLASSIFYING ─classified─▶ WHOLE ─answered─▶ ANSWERED
     └──────────────┴───────────────────┴─── give_up ────────────┘                  ▲
                                                └─▶ GIVEN_UP ─sent─▶ TOLD ─answered─┘

In any phase it may need a retransmit (`waiting`); after one, a frame without a result is DETECTING. Events from a
worker that does not hold the frame are ignored.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from capture.asks import Asked

MAX_FAILURES = 3
_NEVER = float("inf")

Reason = Literal["deadline", "failed", "ended"]
WaitsFor = Literal["detector", "classifier", "smoother", "recorder"]


class Phase(Enum):
    """Where a frame is."""

    NEW = "not sent yet"
    DETECTING = "a detector has it"
    CLASSIFYING = "classifiers have its crops"
    WHOLE = "workers are done: the smoother's in-order result is pending"
    GIVEN_UP = "`gone` is still to be sent"
    TOLD = "`gone` has been sent"
    ANSWERED = "its result is received, the recorder's acknowledgement pending"


_WAITS_FOR: dict[Phase, WaitsFor] = {
    Phase.NEW: "detector",
    Phase.DETECTING: "detector",
    Phase.CLASSIFYING: "classifier",
    Phase.WHOLE: "smoother",
    Phase.GIVEN_UP: "smoother",
    Phase.TOLD: "smoother",
    Phase.ANSWERED: "recorder",
}


@dataclass(eq=False)
class Flight:
    """One frame in flight. Its methods are the events; nothing else assigns its fields."""

    seq: int
    prev: int | None
    pts: float
    captured_ns: int
    captured_at: float
    image: NDArray[np.uint8] | None
    """(H, W, 3) uint8 BGR; None once given up."""
    asked: Asked
    live: bool
    end: bool = False
    phase: Phase = Phase.NEW
    waiting: bool = True
    """To be sent or retransmitted."""
    gone: Reason | None = None
    """Why it was given up."""
    detector: str | None = None
    classifiers: frozenset[str] = frozenset()
    """Those that have not answered yet."""
    failed_on: set[str] = field(default_factory=set)
    failures: int = 0
    attempts: int = 0
    sent_at: float | None = None
    first_sent_at: float | None = None
    timeout_s: float = 0.0
    timeout_at: float = _NEVER
    """When to retransmit. Never for a live frame, which would load slow workers further; but its `gone` is."""
    deadline_at: float = _NEVER
    """When to give a live frame up."""

    @property
    def is_awaited(self) -> bool:
        """Neither answered nor given up."""
        return self.phase not in (Phase.GIVEN_UP, Phase.TOLD, Phase.ANSWERED)

    @property
    def is_news(self) -> bool:
        """Given up by deadline or failure, with no `gone` sent yet."""
        return self.phase is Phase.GIVEN_UP and self.gone != "ended"

    @property
    def is_suspect(self) -> bool:
        """Workers have died while holding it, and it is still unanswered."""
        return self.failures > 0 and self.is_awaited

    @property
    def waits_for(self) -> WaitsFor:
        """The stage that has to act next."""
        return _WAITS_FOR[self.phase]

    @property
    def holders(self) -> Collection[str]:
        """The workers that hold it now."""
        if self.waiting or self.detector is None:
            return ()
        if self.phase is Phase.DETECTING:
            return (self.detector,)
        return self.classifiers if self.phase is Phase.CLASSIFYING else ()

    @property
    def avoid(self) -> set[str]:
        """The detectors to avoid: those that had it last, or died with it."""
        return self.failed_on | ({self.detector} if self.detector else set())

    def worked_s(self, now: float) -> float:
        """How long workers have held it so far; 0 once they are done."""
        return 0.0 if self.phase is Phase.WHOLE or self.sent_at is None else now - self.sent_at

    def took_s(self, now: float) -> float | None:
        """Its round-trip time if answered now; None unless sent exactly once (Karn's rule)."""
        return now - self.sent_at if self.sent_at is not None and self.attempts == 1 else None

    def sent(self, detector: str | None, now: float, timeout_s: float, deadline_s: float) -> None:
        """It was sent to a detector; or, given up, its `gone` to the smoother (None)."""
        if self.is_awaited:
            self.phase = Phase.DETECTING
        elif self.phase is Phase.GIVEN_UP:
            self.phase = Phase.TOLD
        self.waiting, self.detector, self.classifiers = False, detector, frozenset()
        self.attempts += 1
        self.sent_at = now
        self.first_sent_at = now if self.first_sent_at is None else self.first_sent_at
        self.timeout_s = timeout_s
        self.timeout_at = _NEVER if self.live and self.is_awaited else now + timeout_s
        self.deadline_at = now + deadline_s if self.live else _NEVER

    def located(self, detector: str, classifiers: Sequence[str]) -> bool:
        """A detector found the faces and sent the crops to classifiers; False if that detector does not hold it."""
        if not self.is_awaited or self.detector != detector:
            return False
        self.classifiers = frozenset(classifiers)
        self.phase = Phase.CLASSIFYING if classifiers else Phase.WHOLE
        return True

    def classified(self, classifier: str) -> None:
        """A classifier has answered."""
        if self.phase is Phase.CLASSIFYING:
            self.classifiers -= {classifier}
            self.phase = Phase.CLASSIFYING if self.classifiers else Phase.WHOLE

    def answered(self, timeout_at: float) -> None:
        """Its result arrived; retransmitted if the recorder has not acknowledged it by `timeout_at`."""
        self.phase, self.waiting, self.timeout_at = Phase.ANSWERED, False, timeout_at

    def dropped(self, worker: str) -> None:
        """A worker dropped it: live it is given up, in replay retransmitted."""
        if worker in self.holders:
            if self.live:
                self.give_up("deadline")
            self.waiting = True

    def blamed(self, worker: str) -> None:
        """A worker died while holding it: retransmitted, or given up after MAX_FAILURES."""
        if worker in self.holders:
            self.failures += 1
            self.failed_on.add(worker)
            if self.failures >= MAX_FAILURES:
                self.give_up("failed")
            self.waiting = True

    def resend(self) -> None:
        """Retransmit it, without blaming a worker."""
        self.waiting = True

    def give_up(self, reason: Reason) -> None:
        """Replace it by a `gone`, to be sent until the smoother answers it."""
        self.phase, self.gone, self.waiting, self.image = Phase.GIVEN_UP, reason, True, None
        self.timeout_at = _NEVER

    def progress(self, now: float) -> None:
        """An earlier frame was answered: restart the timeout if workers hold this one."""
        if self.holders:
            self.timeout_at = max(self.timeout_at, now + self.timeout_s)

    def extend(self, deadline_at: float) -> None:
        """Move its deadline to no earlier than `deadline_at`."""
        self.deadline_at = max(self.deadline_at, deadline_at)

    def hasten(self, *, deadline_at: float = _NEVER, timeout_at: float = _NEVER) -> None:
        """Move its deadline (live) and timeout to no later than these."""
        self.deadline_at = min(self.deadline_at, deadline_at) if self.live else _NEVER
        self.timeout_at = min(self.timeout_at, timeout_at)
