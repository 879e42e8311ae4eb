"""Multi-face tracking from boxes alone, as a pure function of plain state.

Tracking by detection after SORT (Bewley et al. 2016, arXiv 1602.00763), with ByteTrack's second association round for
low-confidence boxes (Zhang et al. 2022, arXiv 2110.06864). The velocity of an occluded face decays: like OC-SORT (Cao
et al. 2023, arXiv 2203.14360), this distrusts a filter that has gone long without a detection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from shared import scene
from shared.boxes import intersections
from shared.messages import Probs, Reason
from smoother import motion
from smoother.labels import DEFAULT_RULE, Label, LabelRule, relabel
from smoother.motion import Array
from smoother.smoothing import smooth

Mask = NDArray[np.bool_]


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


class Track(msgspec.Struct, frozen=True):
    """One tracked face; unconfirmed while `track_id` is None."""

    track_id: int | None
    first_pts: float
    seen_pts: float
    hits: int
    """High-confidence boxes so far."""
    motion: tuple[float, ...]
    """The flattened (5, 4) state of `motion`."""
    smoothed: Probs | None = None
    classified_pts: float | None = None
    label: Label | None = None
    reason: Reason | None = None
    """Why the face could not be read when it was last classified."""


class Tracks(msgspec.Struct, frozen=True):
    """All tracks in one epoch of a source. Plain data: a round trip through msgspec changes nothing."""

    tracks: tuple[Track, ...] = ()
    pts: float | None = None
    next_id: int = 1
    signature: tuple[int, ...] = ()
    size: tuple[int, int] | None = None


def track(
    state: Tracks,
    xyxy: ArrayLike,
    confidence: ArrayLike,
    pts: float,
    signature: Sequence[int] = (),
    scanned: bool = True,
    settings: TrackerSettings = TrackerSettings(),
    size: tuple[int, int] | None = None,
) -> tuple[Tracks, list[int | None]]:
    """Assign the boxes of the next frame to tracks.

    Args:
        state: the state after the previous frame; `Tracks()` for an epoch's first.
        xyxy: (N, 4) boxes in pixels, in any order.
        confidence: (N,) from 0 to 1.
        pts: media time in seconds; a step backwards counts as no time passed.
        signature: the frame's coarse colours, empty if unknown; reveals a hard cut, across which no id is kept.
        scanned: whether the whole frame was searched; if not, unconfirmed tracks without a box are kept.
        settings: thresholds.
        size: the frame's width and height, None if unknown; another one is a cut too.

    Returns:
        The next state, and for each box the index of its track in it, or None for a box to leave out: a low-confidence
        one that continues no track, or a duplicate.
    """
    boxes = np.asarray(xyxy, np.float64).reshape(-1, 4)
    scores = np.asarray(confidence, np.float64).reshape(-1)
    order = np.lexsort((scores, *boxes.T[::-1]))
    boxes, high = boxes[order], scores[order] >= settings.high
    measured = motion.measure(boxes)
    cut = scene.is_cut(state.signature, signature) or scene.is_resized(state.size, size)
    known, box_of = _update(*_predict(state, pts, cut, settings), measured, high, settings)
    faces: list[Track] = []
    assigned: list[int | None] = [None] * len(boxes)
    for row, face in enumerate(known):
        box = box_of.get(row)
        if box is not None:
            assigned[order[box]] = len(faces)
            faces.append(msgspec.structs.replace(face, seen_pts=pts, hits=face.hits + int(high[box])))
        elif face.track_id is not None or not scanned:
            faces.append(face)
    for box in _fresh(boxes, scores[order], high, set(box_of.values()), settings):
        assigned[order[box]] = len(faces)
        faces.append(Track(None, pts, pts, hits=1, motion=_plain(motion.start(measured[box : box + 1]))))
    named, next_id = _confirm(faces, state.next_id, pts, settings)
    return Tracks(named, pts, next_id, tuple(signature) or state.signature, size or state.size), assigned


def fold(
    state: Tracks,
    probs: Mapping[int, Probs],
    pts: float,
    a: float = 0.7,
    rule: LabelRule = DEFAULT_RULE,
    reasons: Mapping[int, Reason | None] = MappingProxyType({}),
) -> Tracks:
    """Smooth a frame's emotions into its tracks, right after `track` for the same frame, and label these.

    Args:
        state: what `track` returned.
        probs: probabilities by index in `state.tracks`; other tracks stay unchanged.
        pts: the frame's media time in seconds.
        a: see `smoothing.smooth`.
        rule: when a label changes.
        reasons: why faces cannot be read, likewise by index; their labels wait for a frame in which they can.
    """
    faces = list(state.tracks)
    for index, current in probs.items():
        face = faces[index]
        before = face.classified_pts
        smoothed = smooth(face.smoothed, current, pts - before if before is not None else 0.0, a)
        reason = reasons.get(index)
        label = face.label if reason else relabel(face.label, current, smoothed, pts, rule)
        faces[index] = msgspec.structs.replace(face, smoothed=smoothed, classified_pts=pts, label=label, reason=reason)
    return msgspec.structs.replace(state, tracks=tuple(faces))


def _predict(state: Tracks, pts: float, cut: bool, settings: TrackerSettings) -> tuple[list[Track], Array]:
    """The tracks that may continue (none after a cut, none hidden for too long), and their states at `pts`."""
    known = [face for face in state.tracks if not cut and pts - face.seen_pts <= settings.lose_s]
    states = np.array([face.motion for face in known], np.float64).reshape(-1, 5, 4)
    return known, motion.predict(states, 0.0 if state.pts is None else max(0.0, pts - state.pts))


def _update(
    known: Sequence[Track], states: Array, measured: Array, high: Mask, settings: TrackerSettings
) -> tuple[list[Track], dict[int, int]]:
    """The tracks with their motion corrected by their boxes, and the box of each that has one."""
    confirmed = np.array([face.track_id is not None for face in known], bool)
    box_of = _associate(states, confirmed, measured, high, settings)
    found = list(box_of)
    states[found] = motion.correct(states[found], measured[list(box_of.values())])
    return [msgspec.structs.replace(face, motion=_plain(one)) for face, one in zip(known, states, strict=True)], box_of


def _plain(state: Array) -> tuple[float, ...]:
    return tuple(state.ravel().tolist())


def _associate(
    states: Array, confirmed: Mask, measured: Array, high: Mask, settings: TrackerSettings
) -> dict[int, int]:
    """Box by track: high-confidence boxes to confirmed tracks, then to the others, then low ones to any left."""
    box_of: dict[int, int] = {}
    rounds = (
        (confirmed, high, settings.reach),
        (~confirmed, high, settings.reach),
        (np.ones_like(confirmed), ~high, settings.low_reach),
    )
    for tracks, boxes, reach in rounds:
        rows = np.setdiff1d(np.flatnonzero(tracks), list(box_of))
        columns = np.setdiff1d(np.flatnonzero(boxes), list(box_of.values()))
        for row, column in _pairs(states[rows], measured[columns], reach, settings):
            box_of[int(rows[row])] = int(columns[column])
    return box_of


def _pairs(states: Array, measured: Array, reach: float, settings: TrackerSettings) -> list[tuple[int, int]]:
    """Best (track, box) pairs within the gates. Leaving one unpaired costs as much as the worst allowed pair."""
    offset, offset_spread, growth, growth_spread = motion.distances(states, measured)
    near = offset <= np.minimum(settings.gate * offset_spread, reach)[:, None]
    alike = growth <= np.minimum(settings.gate * growth_spread, settings.growth)[:, None]
    allowed = near & alike
    rows, columns = linear_sum_assignment(np.where(allowed, offset + growth, reach + settings.growth))
    return [(row, column) for row, column in zip(rows, columns, strict=True) if allowed[row, column]]


def _fresh(boxes: Array, scores: Array, high: Mask, taken: set[int], settings: TrackerSettings) -> list[int]:
    """Boxes that start a track: high confidence, unassigned, no duplicate of a better or an assigned box."""
    left = [box for box in np.flatnonzero(high).tolist() if box not in taken]
    if not left:
        return []
    shared = intersections(boxes, boxes)
    area = np.diag(shared)
    same = shared > settings.duplicate * np.minimum(area[:, None], area[None, :])
    kept = set(taken)
    for box in sorted(left, key=lambda box: (-scores[box], box)):
        if not any(same[box, other] for other in kept):
            kept.add(box)
    return sorted(kept - taken)


def _confirm(
    faces: Sequence[Track], next_id: int, pts: float, settings: TrackerSettings
) -> tuple[tuple[Track, ...], int]:
    """Give ids in order of first appearance; within a frame, from left to right."""
    named = []
    for face in faces:
        lasting = face.hits >= 2 and pts - face.first_pts >= settings.confirm_s
        if face.track_id is None and (lasting or face.hits >= settings.confirm_hits):
            face = msgspec.structs.replace(face, track_id=next_id)
            next_id += 1
        named.append(face)
    return tuple(named), next_id
