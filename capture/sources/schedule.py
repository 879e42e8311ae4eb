"""When to show the frames of a stream that comes in bursts. Pure; seconds."""

_CATCH_UP = 0.02
"""How much faster than its stamps a stream is shown that has fallen behind: too little to be seen."""
_DRIFT = 0.0002
"""... and that has not, so that it does not fall behind a sender whose clock is faster than this machine's."""


class Schedule:
    """Shows frames as far apart as their stamps say, the first one at once.

    Frames that come in a burst wait for their turn, so a stream is behind by what its server had ready when it was
    opened. A frame that comes too late is shown at once and those after it later by as much, so that none is skipped;
    what is lost in this way is made up for, little by little.
    """

    def __init__(self) -> None:
        self.behind_s = 0.0
        """How much later than by the first frame's time the last one was shown."""
        self._pts = self._due = 0.0
        self._begun = False

    def wait_s(self, pts: float, now: float) -> float:
        """How long to wait before the next frame is shown; negative: by how much it is late.

        Args:
            pts: its time stamp, not less than that of the frame before.
            now: when it was ready to be shown.
        """
        if not self._begun:
            self._begun, self._pts, self._due = True, pts, now
            return 0.0
        step = pts - self._pts
        gained = step * (_CATCH_UP if self.behind_s else _DRIFT)
        due = self._due + step - gained
        self.behind_s = max(0.0, self.behind_s - gained, self.behind_s - gained + now - due)
        self._pts, self._due = pts, max(due, now)
        return due - now
