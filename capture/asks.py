"""Decides the work on a frame: classify it or not, search it whole or near which hints, at what size. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from capture.cadence import Cadence, Classified, chosen_within
from capture.dispatch import Terms
from capture.effort import Effort
from capture.hints import Face, Hints, Seen
from capture.policy import Policy
from capture.sources import Frame
from shared.scene import signature

ROUND_S = 1.0
"""Everybody in a crowd is classified within this time, or longer where work is reduced."""


@dataclass(frozen=True)
class Asked:
    """The work to do on one frame."""

    classify: bool = False
    scan: bool = True
    """Search the whole frame, not only near the hints."""
    turn: int = 0
    """The number of this frame among the classified ones ..."""
    turns: int = 1
    """... and how many of these make a round, in which everybody in a crowd is classified."""
    hints: Sequence[Face] = ()
    """The faces of a moment ago."""
    max_side: int = 0
    """Longest side at which the whole frame is searched; 0: unscaled."""
    signature: Sequence[int] = ()
    """The frame's coarse colours (shared/scene.py)."""


class Asks:
    """Decides the work on the frames of one epoch.

    To resume another capture's epoch, give the last frame it acknowledged, and the faces `seen` and the last frame
    `classified` up to it.
    """

    def __init__(
        self,
        policy: Policy,
        before: Frame | None = None,
        seen: Iterable[Seen] = (),
        classified: Classified | None = None,
    ):
        self.last_pts = before.pts if before else None
        """The last decided frame's; None before the first."""
        colours, size = (signature(before.image), before.size) if before else ((), None)
        self.hints = Hints(
            1 if policy.live else policy.hint_lag, policy.scan_s, seen, colours, size, wanted=policy.live
        )
        self.cadence = Cadence(classified)
        self._policy = policy

    def forget_before(self, seq: int | None) -> None:
        """Forget what only frames up to `seq`, the last acknowledged one, would need."""
        self.hints.forget_before(seq)
        self.cadence.forget_before(seq)

    def decide(self, frame: Frame, terms: Terms | None = None) -> Asked:
        """The work on the next frame; a live source's depends on `terms`."""
        policy, seq = self._policy, frame.index
        own = Effort(policy.scan_s, policy.max_side, policy.classify_every)
        effort = terms.effort(max(frame.image.shape[:2])) if terms else own
        due = self.cadence.is_due(seq, frame.pts, self.last_pts, effort.classify_every)
        classify = due and (terms is None or terms.claim_classifier())
        round_s = ROUND_S * effort.classify_every / policy.classify_every
        step_s = round_s if self.last_pts is None else frame.pts - self.last_pts
        turns = chosen_within(round_s, step_s, effort.classify_every)
        turn = self.cadence.note(seq, frame.pts) if classify else 0
        colours = signature(frame.image)
        if self.hints.are_wanted:
            self.hints.note(seq, colours, frame.size)
        scan = self.hints.scan_is_due(seq, frame.pts, self.last_pts, effort.scan_s)
        self.last_pts = frame.pts
        return Asked(classify, scan, turn, turns, self.hints.faces(seq), effort.max_side, colours)
