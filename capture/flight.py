"""One frame between its capture and its acknowledgement: a state machine. Pure; time in seconds.

    NEW ─sent─▶ DETECTING ─located─▶ CLASSIFYING ─classified─▶ WHOLE ─answered─▶ ANSWERED
     └──────────────┴───────────────────┴─── give_up ────────────┘                  ▲
                                                └─▶ GIVEN_UP ─sent─▶ TOLD ─answered─┘

In any phase it may have to be sent again (`waiting`); sent again, a frame without a result is DETECTING. What is heard
of a worker that does not have the frame changes nothing.
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
    WHOLE = "workers are done: its result comes behind those of the frames before it"
    GIVEN_UP = "nobody has been told yet"
    TOLD = "its `gone` has been said"
    ANSWERED = "its result has been heard, the recorder's acknowledgement has not"


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
    """One frame on its way. Its methods are the events; nobody else assigns its fields."""

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
    """Has to be sent (again)."""
    gone: Reason | None = None
    """Why it was given up."""
    detector: str | None = None
    classifiers: frozenset[str] = frozenset()
    """Those that have not yet done their part."""
    failed_on: set[str] = field(default_factory=set)
    failures: int = 0
    attempts: int = 0
    sent_at: float | None = None
    first_sent_at: float | None = None
    timeout_s: float = 0.0
    timeout_at: float = _NEVER
    """Sent again then. Live a frame is not: it would be still more work for who is too slow; but its end is."""
    deadline_at: float = _NEVER
    """Live: given up then."""

    @property
    def is_awaited(self) -> bool:
        """Neither answered nor given up."""
        return self.phase not in (Phase.GIVEN_UP, Phase.TOLD, Phase.ANSWERED)

    @property
    def is_news(self) -> bool:
        """Given up, and nobody has been told yet."""
        return self.phase is Phase.GIVEN_UP and self.gone != "ended"

    @property
    def is_suspect(self) -> bool:
        """Workers have died while they had it, and it is not finished."""
        return self.failures > 0 and self.is_awaited

    @property
    def waits_for(self) -> WaitsFor:
        """The stage whose turn it is."""
        return _WAITS_FOR[self.phase]

    @property
    def holders(self) -> Collection[str]:
        """The workers that have it now."""
        if self.waiting or self.detector is None:
            return ()
        if self.phase is Phase.DETECTING:
            return (self.detector,)
        return self.classifiers if self.phase is Phase.CLASSIFYING else ()

    @property
    def avoid(self) -> set[str]:
        """The detectors that others are preferred to: who had it last, or died with it."""
        return self.failed_on | ({self.detector} if self.detector else set())

    def worked_s(self, now: float) -> float:
        """How long workers have had it by now; 0 when they are done."""
        return 0.0 if self.phase is Phase.WHOLE or self.sent_at is None else now - self.sent_at

    def took_s(self, now: float) -> float | None:
        """How long it was under way if answered now; None unless sent once, else which was answered? (Karn's rule)"""
        return now - self.sent_at if self.sent_at is not None and self.attempts == 1 else None

    def sent(self, detector: str | None, now: float, timeout_s: float, deadline_s: float) -> None:
        """It went to a detector; or, given up, its end to the smoother (None)."""
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
        """A detector has found the faces and given the crops to classifiers; False if it is not the one that has it."""
        if not self.is_awaited or self.detector != detector:
            return False
        self.classifiers = frozenset(classifiers)
        self.phase = Phase.CLASSIFYING if classifiers else Phase.WHOLE
        return True

    def classified(self, classifier: str) -> None:
        """A classifier has done its part."""
        if self.phase is Phase.CLASSIFYING:
            self.classifiers -= {classifier}
            self.phase = Phase.CLASSIFYING if self.classifiers else Phase.WHOLE

    def answered(self, timeout_at: float) -> None:
        """Its result was heard; it is sent again if the recorder has not acknowledged it by `timeout_at`."""
        self.phase, self.waiting, self.timeout_at = Phase.ANSWERED, False, timeout_at

    def dropped(self, worker: str) -> None:
        """A worker will not work on it: live it is given up, in replay it goes elsewhere."""
        if worker in self.holders:
            if self.live:
                self.give_up("deadline")
            self.waiting = True

    def blamed(self, worker: str) -> None:
        """A worker died while it had it: it goes elsewhere; the third one to do so was the last to try."""
        if worker in self.holders:
            self.failures += 1
            self.failed_on.add(worker)
            if self.failures >= MAX_FAILURES:
                self.give_up("failed")
            self.waiting = True

    def resend(self) -> None:
        """Whoever had it may not have it any more; nobody is to blame."""
        self.waiting = True

    def give_up(self, reason: Reason) -> None:
        """From now on it is a `gone`, to be said until the smoother answers it."""
        self.phase, self.gone, self.waiting, self.image = Phase.GIVEN_UP, reason, True, None
        self.timeout_at = _NEVER

    def progress(self, now: float) -> None:
        """A frame before it is done, so that it has its time-out anew while workers have it."""
        if self.holders:
            self.timeout_at = max(self.timeout_at, now + self.timeout_s)

    def extend(self, deadline_at: float) -> None:
        """It is not late before then."""
        self.deadline_at = max(self.deadline_at, deadline_at)

    def hasten(self, *, deadline_at: float = _NEVER, timeout_at: float = _NEVER) -> None:
        """Live it is late then at last; it is sent again then at last."""
        self.deadline_at = min(self.deadline_at, deadline_at) if self.live else _NEVER
        self.timeout_at = min(self.timeout_at, timeout_at)
