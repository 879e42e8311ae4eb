"""One frame on its way: who has it, whether it waits to be sent, and how it ends. Pure; time in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared.messages import Box

MAX_FAILURES = 3

Reason = Literal["deadline", "failed", "ended"]


@dataclass
class Flight:
    """One frame between its capture and its acknowledgement."""

    seq: int
    prev: int | None
    pts: float
    captured_ns: int
    captured_at: float
    image: NDArray[np.uint8] | None
    classify: bool
    end: bool
    scan: bool = True
    hints: Sequence[Box] = ()
    max_side: int = 0
    """Longest side at which the whole frame is searched; 0: its own."""
    sent_at: float | None = None
    first_sent_at: float | None = None
    timeout_s: float = 0.0
    timeout_at: float = float("inf")
    deadline_at: float = float("inf")
    """Live: given up then."""
    attempts: int = 0
    failures: int = 0
    waiting: bool = True
    """Has to be sent (again)."""
    detector: str | None = None
    classifiers: tuple[str, ...] = ()
    located: bool = False
    """Its `faces/` have been heard."""
    answered: bool = False
    """Its result has been heard; with the recorder's acknowledgement still to come."""
    gone: Reason | None = None
    failed_on: set[str] = field(default_factory=set)

    @property
    def is_suspect(self) -> bool:
        """Workers have died while they had it, and it is not finished."""
        return self.failures > 0 and self.is_awaited

    @property
    def is_awaited(self) -> bool:
        """Neither answered nor given up."""
        return self.gone is None and not self.answered

    @property
    def is_whole(self) -> bool:
        """Nobody works on it any more: its result only has to come, behind those of the frames before it."""
        return self.located and not self.classifiers

    @property
    def is_news(self) -> bool:
        """Given up, and nobody has been told yet."""
        return self.gone in ("deadline", "failed") and self.timeout_at == float("inf")

    @property
    def waits_for(self) -> Literal["detector", "classifier", "smoother", "recorder"]:
        """The stage whose turn it is."""
        if self.answered:
            return "recorder"
        if self.gone:
            return "smoother"
        if not self.located:
            return "detector"
        return "classifier" if self.classifiers else "smoother"

    def holders(self) -> tuple[str, ...]:
        """The workers that have it now."""
        if self.waiting or self.answered or self.gone or self.detector is None:
            return ()
        return self.classifiers if self.located else (self.detector,)


def give_up(flight: Flight, reason: Reason) -> None:
    """From now on the flight is a `gone` to be said until the smoother answers it."""
    flight.gone, flight.waiting, flight.image, flight.timeout_at = reason, True, None, float("inf")


def blame(flight: Flight, worker: str) -> None:
    """A worker died while it had this frame; the third one to do so was the last to try."""
    flight.failures += 1
    flight.failed_on.add(worker)
    if flight.failures >= MAX_FAILURES and not flight.gone:
        give_up(flight, "failed")
