"""The frames of one viewer's camera that are on the way: each takes a credit, and its result gives it back. Pure."""

from collections import deque
from typing import NamedTuple

CREDITS = 2
"""Frames on the way at most: one that is analysed, and one that travels meanwhile."""
PATIENCE_S = 1.0
"""A frame without a result for this long gives its credit back, so that a lost one does not stop the camera."""
MOST_PER_S = 60
_LATE = 32  # frames whose credit is back, and whose result is still welcome


class TooFastError(Exception):
    """The viewer sends more than it may; the message says what."""


class Back(NamedTuple):
    """What the viewer is told of the frame it sent as `number`; `credits` it may send again."""

    number: int
    has_result: bool
    credits: int


class _Sent(NamedTuple):
    number: int
    captured_ns: int
    at: float


class Credits:
    """Of one viewer's camera. `now` is monotonic seconds."""

    def __init__(self) -> None:
        self._sent: deque[_Sent] = deque()
        self._late: deque[_Sent] = deque(maxlen=_LATE)
        self._times: deque[float] = deque(maxlen=MOST_PER_S)

    def take(self, number: int, captured_ns: int, now: float) -> None:
        """A frame has been sent; its result will have this `captured_ns`. Raises TooFastError."""
        if len(self._sent) >= CREDITS:
            raise TooFastError(f"more than {CREDITS} frames on the way")
        if len(self._times) == MOST_PER_S and now - self._times[0] < 1.0:
            raise TooFastError(f"more than {MOST_PER_S} frames per second")
        self._times.append(now)
        self._sent.append(_Sent(number, captured_ns, now))

    def answered(self, captured_ns: int) -> list[Back]:
        """A result has come: credits of its frame, and of those before it, which were skipped."""
        if any(one.captured_ns == captured_ns for one in self._sent):
            backs = []
            while self._sent[0].captured_ns != captured_ns:
                backs.append(self._give_back())
            return [*backs, Back(self._sent.popleft().number, True, 1)]
        late = [one.number for one in self._late if one.captured_ns == captured_ns]
        return [Back(number, True, 0) for number in late]

    def overdue(self, now: float) -> list[Back]:
        """The credits of frames that have waited too long."""
        backs = []
        while self._sent and now - self._sent[0].at >= PATIENCE_S:
            backs.append(self._give_back())
        return backs

    def _give_back(self) -> Back:
        sent = self._sent.popleft()
        self._late.append(sent)
        return Back(sent.number, False, 1)
