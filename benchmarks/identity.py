"""Who keeps an id in the clips of `light`: a change of light must not cost one, and a cut must not pass one on."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from benchmarks.light import HEAD, Clip, Place
from benchmarks.tracking import Look, observe
from detector.mtcnn import Detector
from shared import scene
from smoother.tracking import Tracks, track


@dataclass(frozen=True)
class Outcome:
    """What becomes of the people in a clip."""

    ids: int
    people: int
    passed_on: int
    """Ids that more than one of them had."""
    lost: int
    """People who had more than one id, or none at all."""


def watch(clip: Clip, detector: Detector) -> list[Look]:
    """Detect every frame of a clip."""
    return [observe(frame, pts, detector) for frame, pts in zip(clip.frames, clip.times, strict=True)]


def judge(clip: Clip, film: Sequence[Look], *, by_signature: bool = False) -> Outcome:
    """Track what was found in a clip; `by_signature`, for comparison: everybody is new where the colours jump."""
    state = Tracks()
    people_of: dict[int, set[int]] = defaultdict(set)
    for look, people in zip(film, clip.people, strict=True):
        found = look.detections
        if by_signature and scene.is_jump(state.signature, look.signature):
            state = msgspec.structs.replace(state, tracks=())
        thumbnails = [] if by_signature else look.thumbnails
        state, assigned = track(state, found.xyxy, found.confidence, look.pts, look.signature, thumbnails=thumbnails)
        for xyxy, index in zip(found.xyxy, assigned, strict=True):
            track_id = state.tracks[index].track_id if index is not None else None
            person = nearest(xyxy, people)
            if track_id is not None and person is not None:
                people_of[track_id].add(person)
    everybody = set().union(*clip.people)
    ids_of = {person: sum(person in known for known in people_of.values()) for person in everybody}
    return Outcome(
        ids=len(people_of),
        people=len(everybody),
        passed_on=sum(len(people) > 1 for people in people_of.values()),
        lost=sum(ids != 1 for ids in ids_of.values()),
    )


def nearest(xyxy: np.ndarray, people: dict[int, Place]) -> int | None:
    """Whose face a box is, if anybody's."""
    x, y = (xyxy[:2] + xyxy[2:]) / 2
    off = {person: float(np.hypot(x - at[0], y - at[1])) for person, at in people.items()}
    person = min(off, key=lambda one: off[one], default=None)
    return person if person is not None and off[person] < HEAD / 2 else None
