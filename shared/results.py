"""What the smoother publishes, and its acknowledgement, as frozen structs; see messages.py."""

import msgspec

from shared.messages import (
    Box,
    Count,
    Finite,
    FrameMessage,
    Landmarks,
    Message,
    Probs,
    Quality,
    Reason,
    Size,
    SourceName,
)


class TrackedFace(msgspec.Struct, frozen=True, kw_only=True):
    """One face of a result; `probs` and `quality` are this frame's, `smoothed` the track's.

    `label` is the largest of `smoothed`, or the one before it until the largest leads clearly or long enough. It is
    None while there is a `reason`: the face could not be read when it was last classified.
    """

    track_id: Count | None
    xyxy: Box
    confidence: Finite
    landmarks: Landmarks
    probs: Probs | None
    smoothed: Probs | None
    label: str | None
    first_pts: Finite
    """Media time in seconds, like `classified_pts`."""
    classified_pts: Finite | None
    quality: Quality | None = None
    """None where the frame was not classified, too."""
    reason: Reason | None = None


class Smoothed(FrameMessage, frozen=True, kw_only=True):
    """`smoothed/<source>/`: the result of one frame, and its acknowledgement."""

    faces: list[TrackedFace]
    size: Size | None
    """None if the frame was given up before its faces were known."""
    classified: bool
    """Whether this frame was to be classified."""
    complete: bool
    repeat: bool
    stages_ms: dict[str, Finite]
    left_out: Count = 0
    """As in `faces/`."""


class Ack(Message, frozen=True, kw_only=True):
    """`ack/<source>/`: all rows up to `seq` are on disk."""

    source: SourceName
    epoch: Count
    seq: Count
