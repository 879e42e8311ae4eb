"""Multi-face tracking from boxes and what is in them, as a pure function of plain state.

Tracking by detection after SORT (Bewley et al. 2016, arXiv 1602.00763), with ByteTrack's second association round for
low-confidence boxes (Zhang et al. 2022, arXiv 2110.06864). The velocity of an occluded face decays: like OC-SORT (Cao
et al. 2023, arXiv 2203.14360), this distrusts a filter that has gone long without a detection.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from shared import looks, scene
from shared.boxes import intersections
from shared.messages import Probs, Reason
from smoother import motion
from smoother.association import Boxes, Candidates, Mask, associate
from smoother.labels import DEFAULT_RULE, Label, LabelRule, relabel
from smoother.motion import Array
from smoother.smoothing import smooth
from smoother.thresholds import DEFAULT_THRESHOLDS, TrackerSettings


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
    thumbnail: bytes = b""
    """How it looked last; empty if unknown."""
    usual: bytes = b""
    """How it looked last when it looked as in the frame before."""
    scene: tuple[int, ...] = ()
    """Signature of the frame in which a hidden face was last seen; empty if unknown, or if that was the last frame."""
    left: bool = False
    """Whether the scene's colours have jumped since it was seen."""


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
    settings: TrackerSettings = DEFAULT_THRESHOLDS,
    size: tuple[int, int] | None = None,
    thumbnails: Sequence[bytes] = (),
) -> tuple[Tracks, list[int | None]]:
    """Assign the boxes of the next frame to tracks.

    Args:
        state: the state after the previous frame; `Tracks()` for an epoch's first.
        xyxy: (N, 4) boxes in pixels, in any order.
        confidence: (N,) from 0 to 1.
        pts: media time in seconds; a step backwards counts as no time passed.
        signature: the frame's coarse colours, empty if unknown. Where they jump, a track goes on only with a box that
            looks like it, or once they are back.
        scanned: whether the whole frame was searched; if not, unconfirmed tracks without a box are kept.
        settings: thresholds.
        size: the frame's width and height, None if unknown; another one is a cut, across which no id is kept.
        thumbnails: N of the boxes' faces as in `faces/`, each empty if unknown; none if all are.

    Returns:
        The next state, and for each box the index of its track in it, or None for a box to leave out: a low-confidence
        one that continues no track, or a duplicate.
    """
    boxes = np.asarray(xyxy, np.float64).reshape(-1, 4)
    scores = np.asarray(confidence, np.float64).reshape(-1)
    order = np.lexsort((scores, *boxes.T[::-1]))
    boxes, scores, pictures = boxes[order], scores[order], [thumbnails[box] if thumbnails else b"" for box in order]
    measured, high = motion.measure(boxes), scores >= settings.high
    if scene.is_resized(state.size, size):
        state = msgspec.structs.replace(state, tracks=())
    known, candidates = _expect(state, pts, signature, settings)
    box_of, refused = associate(candidates, Boxes(measured, high, pictures), settings)
    fresh = _fresh(boxes, scores, high, set(box_of.values()), settings)
    states, found = candidates.states, list(box_of)
    states[found] = motion.correct(states[found], measured[list(box_of.values())])
    alike = looks.details([known[row].thumbnail for row in found], [pictures[box] for box in box_of.values()])
    steady = {row for row, likeness in zip(found, alike, strict=True) if likeness >= settings.steady}
    faces: list[Track] = []
    assigned: list[int | None] = [None] * len(boxes)
    for row, face in enumerate(known):
        box = box_of.get(row)
        moved = msgspec.structs.replace(face, motion=_plain(states[row]))
        if box is not None:
            assigned[order[box]] = len(faces)
            faces.append(_continued(moved, pts, bool(high[box]), pictures[box], row in steady))
        elif (face.track_id is not None or not scanned) and not refused[row, fresh].any():
            faces.append(msgspec.structs.replace(moved, scene=moved.scene or state.signature))
    for box in fresh:
        assigned[order[box]] = len(faces)
        start = _plain(motion.start(measured[box : box + 1]))
        faces.append(Track(None, pts, pts, hits=1, motion=start, thumbnail=pictures[box], usual=pictures[box]))
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


def _expect(
    state: Tracks, pts: float, signature: Sequence[int], settings: TrackerSettings
) -> tuple[list[Track], Candidates]:
    """The tracks that may continue, none hidden for too long, and what is expected of them at `pts`."""
    step_s = 0.0 if state.pts is None else max(0.0, pts - state.pts)
    change, apart = scene.change(state.signature, signature), step_s > settings.step_s
    known, gone, least = [], [], []
    for face in state.tracks:
        if pts - face.seen_pts > settings.lose_s:
            continue
        was = face.scene or state.signature
        face = msgspec.structs.replace(face, left=face.left or change >= scene.JUMP)
        known.append(face)
        gone.append(face.left and scene.is_jump(was, signature))
        if apart:
            least.append(settings.like)
        elif face.left:
            least.append(settings.like - settings.setting * looks.scenes(was, signature))
        else:
            least.append(settings.unlike + change if face.seen_pts == state.pts else -1.0)
    left = np.array([face.left for face in known], bool)
    candidates = Candidates(
        states=motion.predict(np.array([face.motion for face in known], np.float64).reshape(-1, 5, 4), step_s),
        first=~left & np.array([face.track_id is not None for face in known], bool),
        left=left,
        gone=np.array(gone, bool),
        least=np.array(least, np.float64),
        thumbnails=[(face.thumbnail, face.usual) for face in known],
        apart=apart,
        change=change,
    )
    return known, candidates


def _continued(face: Track, pts: float, high: bool, thumbnail: bytes, steady: bool) -> Track:
    """A track that has a box. Doubtful boxes are often of faces half hidden, so that they do not show its looks."""
    shown = bool(thumbnail) and (high or face.left)
    return msgspec.structs.replace(
        face,
        seen_pts=pts,
        hits=face.hits + int(high),
        thumbnail=thumbnail if shown else face.thumbnail,
        usual=thumbnail if shown and (steady or not face.usual) else face.usual,
        scene=(),
        left=False,
    )


def _plain(state: Array) -> tuple[float, ...]:
    return tuple(state.ravel().tolist())


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
