"""How a capture treats a source's frames, from the settings."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Policy:
    """How to treat the frames of a source; all times in seconds."""

    live: bool
    size: int | None = None
    """Limit on frames in flight; None: from the number of live workers."""
    max_bytes: int = 256 << 20
    deadline_s: float = 0.5
    """Least deadline of a live frame."""
    classify_every: int = 3
    """Every n-th frame from 30 per second up; below, no more than n/30 s pass between two (capture/cadence.py)."""
    ack: Literal["smoother", "recorder"] = "smoother"
    scan_s: float = 0.0
    """Interval of whole-frame searches, between which only the area near known faces is searched; 0: all whole."""
    max_side: int = 0
    """Longest side at which whole frames are searched; 0: unscaled."""
    hint_lag: int = 4
    """In replay, known faces come from at least this many frames before, the limit on frames in flight."""

    @property
    def waits_for_hints(self) -> bool:
        """Whether frames need the results `hint_lag` before them: in replay, so that timing changes no result."""
        return not self.live and self.scan_s > 0

    @property
    def is_recorded(self) -> bool:
        """A replay whose rows a recorder acknowledges: it ends with its last frame alone."""
        return not self.live and self.ack == "recorder"

    def window_size(self, detectors: int, classifiers: int) -> int:
        """The limit on frames in flight: as set, or just enough to keep these workers busy."""
        size = detectors + 1 if self.live else 2 * detectors + 3 * classifiers
        size = size if self.size is None else self.size
        return min(size, self.hint_lag) if self.waits_for_hints else size
