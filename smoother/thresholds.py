"""The thresholds of the tracker."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TrackerSettings:
    """Thresholds of the tracker."""

    high: float = 0.95
    """Confidence needed to start a track: MTCNN scores clear faces 0.98 and up, persistent false positives lower."""
    confirm_hits: int = 3
    """High-confidence boxes, with no miss in a frame that was searched, after which a face gets its id ..."""
    confirm_s: float = 0.2
    """... or two of them at least this far apart, for sources of a few frames per second."""
    lose_s: float = 1.5
    """A face hidden for longer is dropped; tracks must survive an occlusion of one second."""
    gate: float = 4.0
    """Largest distance of a box from its track's prediction, in standard deviations ..."""
    reach: float = 1.25
    """... and in face heights: neighbours sit about two apart ..."""
    growth: float = 0.5
    """... and the largest change of log size (0.5: a factor of 1.65)."""
    low_reach: float = 0.3
    """`reach` for low-confidence boxes: a false positive or another face must not drag a hidden track away."""
    duplicate: float = 0.6
    """Two boxes are one face if their intersection covers more than this share of the smaller."""
    unlike: float = 0.35
    """A face less like its track's (`looks`) is somebody else's, though its box is where the track was ..."""
    like: float = 0.66
    """... and so is one whose details are less alike than this behind a jump of the scene's colours ..."""
    setting: float = 1 / 6
    """... but for this share of how alike the scenes' own structure is (`looks.scenes`)."""
    sure: float = 0.8
    """Where one face is so much alike, the others need only ..."""
    less: float = 0.45
    """... this likeness, since it shows that only the light has changed."""
    steady: float = 0.85
    """From this likeness to the frame before on, a face looks as usual, not half covered or turned for a moment."""
    step_s: float = 0.75
    """Frames further apart count as pictures of different scenes, whatever their colours."""


DEFAULT_THRESHOLDS = TrackerSettings()
