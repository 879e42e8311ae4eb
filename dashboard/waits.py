"""How long something has been overdue at a source, from the reports on it and its results. Pure; time in seconds."""

from collections import deque
from itertools import pairwise
from typing import NamedTuple

from shared.results import Smoothed
from shared.status import SourceStatus

MEASURED_S = 5.0
"""A capture's `fps` is that of the last so many seconds, so frames have been missing for as long when it falls to 0."""


class Waits(NamedTuple):
    """For how many seconds something has been overdue; None: it is not due."""

    results: float | None = None
    """Frames arrive, and no complete result comes."""
    emotions: float | None = None
    """Faces were to be classified, and none was."""
    frames: float | None = None
    """A source that runs at its own pace delivers no frame."""
    gap_s: float = 0.0
    """The media time between its frames where that is usual."""


class Overdue:
    """Notes since when things are due."""

    def __init__(self) -> None:
        self._results: float | None = None
        self._emotions: float | None = None
        self._frames: float | None = None
        self._pts: deque[float] = deque(maxlen=4)

    def expect(self, status: SourceStatus, now: float) -> None:
        """Take a report in: whether frames arrive, and whether results are due for them."""
        reads = status.state == "running"
        rests = status.state in ("holding", "ended")
        arriving = reads and status.fps > 0
        if not (arriving or ((reads or rests) and status.unfinished > 0)):
            self._results = None
        elif self._results is None:
            self._results = now
        if not reads:
            self._emotions = None
        if not (reads and status.live) or arriving:
            self._frames = None
        elif self._frames is None:
            self._frames = now - MEASURED_S if self._pts else now

    def take(self, result: Smoothed, now: float) -> None:
        """Take its newest result in."""
        self._frames = None
        if result.complete and self._results is not None:
            self._results = now
        if self._pts and result.pts < self._pts[-1]:
            self._pts.clear()
        self._pts.append(result.pts)
        if not result.classified or not result.size:
            return
        if result.complete or any(face.probs for face in result.faces):
            self._emotions = None
        elif result.faces and self._emotions is None:
            self._emotions = now

    def at(self, now: float) -> Waits:
        """What is overdue at this moment."""

        def lasting(since: float | None) -> float | None:
            return None if since is None else round(now - since, 1)

        gap_s = min((later - earlier for earlier, later in pairwise(self._pts)), default=0.0)
        frames = lasting(self._frames) if gap_s else None  # a single picture may be all there is
        return Waits(lasting(self._results), lasting(self._emotions), frames, gap_s)
