"""How a capture treats a source's frames, as the settings say."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Policy:
    """How the frames of a source are treated; all times in seconds."""

    live: bool
    size: int | None = None
    """Frames in flight at most; None: from the number of live workers."""
    max_bytes: int = 256 << 20
    deadline_s: float = 0.5
    """Live, a frame has at least so long."""
    classify_every: int = 3
    ack: Literal["smoother", "recorder"] = "smoother"
    scan_s: float = 0.0
    """Seconds between searches of the whole frame; those between are searched near known faces (0: all are whole)."""
    max_side: int = 0
    """Longest side at which whole frames are searched; 0: their own."""
    hint_lag: int = 4
    """In replay, known faces are those of so many frames before; no more frames are in flight."""

    @property
    def waits_for_hints(self) -> bool:
        """Whether frames need the results of those `hint_lag` before: in replay, so that speed changes no result."""
        return not self.live and self.scan_s > 0

    def window_size(self, detectors: int, classifiers: int) -> int:
        """Frames in flight that keep so many workers busy and no more, or as set."""
        size = detectors + 1 if self.live else 2 * detectors + 3 * classifiers
        size = size if self.size is None else self.size
        return min(size, self.hint_lag) if self.waits_for_hints else size
