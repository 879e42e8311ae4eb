"""Chooses the frames to classify: every n-th from 30 frames per second up, more below. Pure; `pts` in seconds."""

from typing import NamedTuple

FULL_FPS = 30
"""The frame rate from which every n-th frame is enough."""
_ROUNDING_S = 0.005
"""Tolerance for time stamps in whole milliseconds, and for 29.97 frames per second."""


class Classified(NamedTuple):
    """A frame that was chosen, as the `turn`-th of its epoch, from 0."""

    seq: int
    pts: float
    turn: int


def chosen_within(seconds: float, step_s: float, every: int) -> int:
    """How many frames are chosen in so many seconds if frames are `step_s` apart; at least 1."""
    step_s = max(step_s, 0.001)
    between = min(every, max(1, int((every / FULL_FPS + _ROUNDING_S) / step_s)))
    return max(1, int((seconds + _ROUNDING_S) / (between * step_s)))


class Cadence:
    """Chooses the frames of one epoch from their numbers and media times alone.

    To resume another's epoch after frame `seq`: `last` is its `up_to(seq)`.
    """

    def __init__(self, last: Classified | None = None):
        self._chosen = [last] if last else []

    def is_due(self, seq: int, pts: float, prev_pts: float | None, every: int) -> bool:
        """Whether to classify frame `seq`, whose predecessor is at `prev_pts`.

        It is due if it comes `every` frames after the last one chosen, or if waiting for the next frame would leave
        more than `every / 30` seconds between two; that one is expected as long after this as this after its
        predecessor.
        """
        if not self._chosen or prev_pts is None:
            return True
        last = self._chosen[-1]
        expected = pts + (pts - prev_pts)
        return seq - last.seq >= every or expected - last.pts > every / FULL_FPS + _ROUNDING_S

    def note(self, seq: int, pts: float) -> int:
        """Record that frame `seq` was chosen; returns its turn."""
        turn = self._chosen[-1].turn + 1 if self._chosen else 0
        self._chosen.append(Classified(seq, pts, turn))
        return turn

    def up_to(self, seq: int | None) -> Classified | None:
        """What a successor needs for the frames after `seq`."""
        return next((one for one in reversed(self._chosen) if seq is not None and one.seq <= seq), None)

    def forget_before(self, seq: int | None) -> None:
        """Forget what only `up_to` of frames before `seq` would need."""
        last = self.up_to(seq)
        self._chosen = [one for one in self._chosen if last is None or one.seq >= last.seq]
