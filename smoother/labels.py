"""The label shown for a face: the largest smoothed probability, but without its flicker. Pure; `pts` in seconds."""

from dataclasses import dataclass

import msgspec

from shared.messages import EMOTIONS, Probs

_ROUNDING_S = 0.005
"""Tolerance for time stamps in whole milliseconds."""


@dataclass(frozen=True)
class LabelRule:
    """When the largest smoothed probability becomes the label."""

    lead: float = 0.5
    """It does if it is larger than that of the label shown by this much, ..."""
    seconds: float = 0.4
    """... or if it has been the largest of each frame's own probabilities for this long."""


DEFAULT_RULE = LabelRule()


class Label(msgspec.Struct, frozen=True):
    """The label of one face, and what may replace it; indices into EMOTIONS."""

    shown: int
    own: int
    """The largest of the frame's own probabilities ..."""
    since: float
    """... in each readable frame since this media time."""
    read: float
    """The media time of the last readable frame."""

    @property
    def name(self) -> str:
        """The label as a word."""
        return EMOTIONS[self.shown]


def relabel(known: Label | None, probs: Probs, smoothed: Probs, pts: float, rule: LabelRule) -> Label:
    """The label after one more classified frame in which the face could be read.

    It changes only at a frame whose own probabilities favour the new one, since the smoothed ones are always a little
    old. It need not wait if the last readable frame is `rule.seconds` or more away: nothing is known of the time
    between.

    Args:
        known: the label so far; None for the first frame, whose largest smoothed probability is shown.
        probs: the frame's own probabilities.
        smoothed: the face's smoothed probabilities, with this frame.
        pts: the frame's media time.
        rule: when to change.
    """
    largest, own = _largest(smoothed), _largest(probs)
    if known is None:
        return Label(largest, own, pts, pts)
    since = known.since if own == known.own else pts
    enough = rule.seconds - _ROUNDING_S
    is_clear = smoothed[largest] - smoothed[known.shown] >= rule.lead
    is_ripe = is_clear or pts - since >= enough or pts - known.read >= enough
    return Label(largest if own == largest and is_ripe else known.shown, own, since, pts)


def _largest(probs: Probs) -> int:
    return probs.index(max(probs))
