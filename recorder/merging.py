"""Which track ids are one person's: who left for more than 1.5 s, or was cut away from, and came back. Pure.

Ids are joined only where faces and colours are as alike as hardly any two people's; docs/recordings.md says what that
can do. Two ids of which both are in the picture at some time are never one person.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.looks import details_of_all

Box = tuple[float, float, float, float]
Array = NDArray[np.float64]

ALIKE, COLOURS = 0.8, 0.9
"""The least likeness of faces (`shared.looks`), and of the colours around them."""
STILL_THERE, SAME_COLOURS, SOON_S = 0.66, 0.97, 10.0
"""The same for who comes back after so many seconds to where an id has ended."""
_GROWN = 1.5


class Seen(NamedTuple):
    """One track id: from when to when (media time in seconds), where first and last, and its looks.

    `thumbnails` has V pictures, `colours` is (V, C), as in `recorder.likeness`.
    """

    track_id: int
    first_pts: float
    last_pts: float
    first_box: Box
    last_box: Box
    thumbnails: Sequence[bytes]
    colours: Array

    def meets(self, other: "Seen") -> bool:
        """Whether both are there at some time."""
        return self.first_pts <= other.last_pts and other.first_pts <= self.last_pts


class Joint(NamedTuple):
    """That two ids are one person's, the earlier one and the later one, and why.

    `gap_s` is the time between them; `place`: the later one came soon, and to where the earlier one had been.
    """

    earlier: int
    later: int
    gap_s: float
    look: float
    colours: float
    place: bool


def merge(tracks: Sequence[Seen]) -> dict[int, tuple[int, Joint | None]]:
    """For each id the number of its person, the smallest of that person's ids, and what it was joined by.

    None: it is the person's first or only one. The most alike are joined first; each id names the one most like it of
    those that it may be joined with.
    """
    by_id = {one.track_id: one for one in tracks}
    joints = sorted(_joints(tracks), key=lambda joint: (-joint.look, joint.earlier, joint.later))
    person_of = {track_id: track_id for track_id in by_id}
    ids_of = {track_id: [track_id] for track_id in by_id}
    for joint in joints:
        one, other = sorted((person_of[joint.earlier], person_of[joint.later]))
        if one == other or any(by_id[mine].meets(by_id[its]) for mine in ids_of[one] for its in ids_of[other]):
            continue
        ids_of[one] += ids_of.pop(other)
        person_of.update(dict.fromkeys(ids_of[one], one))
    best: dict[int, Joint] = {}
    for joint in joints:
        if person_of[joint.earlier] == person_of[joint.later]:
            best.setdefault(joint.later, joint)
            best.setdefault(joint.earlier, joint)
    return {one: (person, None if person == one else best[one]) for one, person in sorted(person_of.items())}


def _joints(tracks: Sequence[Seen]) -> list[Joint]:
    """All pairs that are alike enough and never there together."""
    known = sorted((one for one in tracks if one.thumbnails), key=lambda one: (one.first_pts, one.track_id))
    found = []
    for index, later in enumerate(known):
        before = [one for one in known[:index] if one.last_pts < later.first_pts]
        for earlier, look, colours in zip(before, *_likeness(before, later), strict=True):
            place = _is_place_kept(earlier, later)
            if (look >= ALIKE and colours >= COLOURS) or (place and look >= STILL_THERE and colours >= SAME_COLOURS):
                gap_s = later.first_pts - earlier.last_pts
                found.append(Joint(earlier.track_id, later.track_id, gap_s, float(look), float(colours), place))
    return found


def _likeness(before: Sequence[Seen], later: Seen) -> tuple[Array, Array]:
    """(N,) the best likeness of one id's faces with each of N others', and that of their colours."""
    if not before:
        return np.empty(0), np.empty(0)
    thumbnails = [thumbnail for one in before for thumbnail in one.thumbnails]
    starts = np.cumsum([0, *(len(one.thumbnails) for one in before[:-1])])
    alike = details_of_all(thumbnails, later.thumbnails).max(axis=1)
    colours = (np.concatenate([one.colours for one in before]) @ later.colours.T).max(axis=1)
    return np.maximum.reduceat(alike, starts), np.maximum.reduceat(colours, starts)


def _is_place_kept(earlier: Seen, later: Seen) -> bool:
    """Whether the later one comes soon after the earlier one, within a face's width and at about its size."""
    was, comes = np.array(earlier.last_box), np.array(later.first_box)
    sides = np.array([box[2:] - box[:2] for box in (was, comes)]).mean(axis=1)
    apart = float(np.hypot(*((was[:2] + was[2:] - comes[:2] - comes[2:]) / 2)))
    soon = later.first_pts - earlier.last_pts <= SOON_S
    return bool(soon and apart <= sides.min() and sides.max() <= _GROWN * sides.min())
