"""From a stream's time stamps, which may be missing, repeated or jump, to `pts` that never decreases. Pure; seconds."""

from typing import NamedTuple

_BACK_S = 0.1  # the step back that FFmpeg's own programs take for a discontinuity
LONGEST_GAP_S = 3600.0
"""Between two frames of a container that has one clock (MP4, Matroska): longer ones are damaged stamps."""
LONGEST_BROADCAST_GAP_S = 10.0
"""In a container made to be cut and joined (MPEG-TS): longer ones are joints, as in FFmpeg's own programs."""


class Placed(NamedTuple):
    """A frame's `pts`, and by how much its stamp leaped away from where it was due (0: it did not)."""

    pts: float
    jump_s: float = 0.0


class Timeline:
    """The time of one stream's frames, given in presentation order: 0 at the first, then as their stamps say.

    A frame without a stamp comes one frame duration after the one before it, and so does a frame whose stamp jumps:
    back by more than `_BACK_S`, or ahead by more than `longest_gap_s`; later stamps count from there. A stamp that is
    repeated, or steps back a little, places its frame half a duration on, so that the next good stamp is not overtaken.

    Args:
        frame_s: duration of a frame that does not tell its own.
        longest_gap_s: the longest step between two frames that is believed.
    """

    def __init__(self, frame_s: float, longest_gap_s: float = LONGEST_GAP_S):
        self.is_stamped = False
        """Whether any frame had a stamp."""
        self._frame_s = frame_s
        self._longest_gap_s = longest_gap_s
        self._guess = _Guess()
        self._pts: float | None = None
        self._due = 0.0
        self._stamp = 0.0
        self._anchor: float | None = None  # stamp - pts
        self._stalled = False

    def place(self, pts: float | None, dts: float | None, duration_s: float) -> Placed:
        """The next frame's time.

        Args:
            pts: its presentation stamp, if it has one.
            dts: the decoding stamp of the packet that completed it, if known; used where presentation stamps are
                missing or worse.
            duration_s: how long it is shown; 0 if unknown.
        """
        placed = self._placed(self._guess.of(pts, dts))
        self._pts = placed.pts
        self._due = placed.pts + (duration_s or self._frame_s)
        return placed

    def pts_of(self, stamp: float | None) -> float:
        """Where a stamp lies, by the last frame's anchor; without one to be believed, where the next frame is due."""
        if stamp is None or self._anchor is None or stamp - self._anchor > self._due + self._longest_gap_s:
            return self._due
        return max(0.0, stamp - self._anchor)

    def _placed(self, stamp: float | None) -> Placed:
        if stamp is None:
            return Placed(self._due)
        self.is_stamped = True
        moved, self._stamp = stamp - self._stamp, stamp
        if self._pts is None or self._anchor is None:
            return self._anchored(stamp)
        if -_BACK_S < moved <= 0:
            if self._stalled:  # a clock that stands still is none
                return self._anchored(stamp)
            self._stalled = True
            return Placed((self._pts + self._due) / 2)
        self._stalled = False
        if moved <= 0 or moved > max(self._longest_gap_s, self._due - self._pts):
            return self._anchored(stamp, moved - (self._due - self._pts))
        at = stamp - self._anchor
        return Placed(at if at > self._pts else (self._pts + self._due) / 2)

    def _anchored(self, stamp: float, jump_s: float = 0.0) -> Placed:
        self._anchor = stamp - self._due
        return Placed(self._due, jump_s)


class _Guess:
    """Choose between presentation and decoding stamps, whichever have gone backwards less often (as FFmpeg guesses)."""

    def __init__(self) -> None:
        self._last_pts = self._last_dts = float("-inf")
        self._faults = 0  # of presentation stamps, less those of decoding stamps

    def of(self, pts: float | None, dts: float | None) -> float | None:
        if dts is not None:
            self._faults -= dts <= self._last_dts
            self._last_dts = dts
        if pts is not None:
            self._faults += pts <= self._last_pts
            self._last_pts = pts
        return pts if pts is not None and (self._faults <= 0 or dts is None) else dts
