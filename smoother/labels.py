"""The label shown for a face: the largest smoothed probability, but without its flicker. Pure; `pts` in seconds."""

from dataclasses import dataclass

import msgspec

from shared.messages import EMOTIONS, Probs

_ROUNDING_S = 0.005
"""Tolerance for time stamps in whole milliseconds."""


@dataclass(frozen=True)
class LabelRule:
    """When another emotion than the one shown becomes the label."""

    lead: float = 0.3
    """It does once its smoothed probability is larger by this much, ..."""
    seconds: float = 0.3
    """... or has been the largest for this long."""


DEFAULT_RULE = LabelRule()


class Label(msgspec.Struct, frozen=True):
    """The label of one face, and what may replace it; indices into EMOTIONS."""

    shown: int
    leader: int
    """The largest smoothed probability ..."""
    since: float
    """... since this media time."""

    @property
    def name(self) -> str:
        """The label as a word."""
        return EMOTIONS[self.shown]


def relabel(
    known: Label | None, probs: Probs, smoothed: Probs, pts: float, before: float | None, rule: LabelRule
) -> Label:
    """The label after one more classified frame.

    The label changes only at a frame whose own probabilities favour the new one, since a lead is always a little old.
    It need not wait if the last classified frame is `rule.seconds` or more away: nothing is known of the time between.

    Args:
        known: the label so far; None for the first frame, whose leader is shown.
        probs: the frame's own probabilities.
        smoothed: the face's smoothed probabilities, with this frame.
        pts: the frame's media time.
        before: the media time of the classified frame before; None for the first.
        rule: when to change.
    """
    leader = _largest(smoothed)
    if known is None or before is None:
        return Label(leader, leader, pts)
    since = known.since if leader == known.leader else pts
    enough = rule.seconds - _ROUNDING_S
    leads = smoothed[leader] - smoothed[known.shown] >= rule.lead or pts - since >= enough or pts - before >= enough
    return Label(leader if leads and _largest(probs) == leader else known.shown, leader, since)


def _largest(probs: Probs) -> int:
    return probs.index(max(probs))
