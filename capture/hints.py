"""Where a detector should look first: the faces of results already known. Pure; `pts` in seconds.

Most of a detector's time goes into the parts of a frame where nobody is. Between two scans of the whole frame it looks
only near the faces of the last half second, which also keeps a face that is missed for a moment. Behind a hard
cut every frame is scanned until a result from behind it may be known.
"""

import math
from bisect import insort
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from shared import scene
from shared.boxes import overlap
from shared.messages import Box

REMEMBER_S = 0.5
_SAME = 0.3
"""Overlap (intersection over union) from which two boxes are one face."""


class Face(NamedTuple):
    """One face of a result: its track, nil before that is confirmed, and its box in whole pixels."""

    track_id: int | None
    xyxy: tuple[int, int, int, int]


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The faces of one result."""

    seq: int
    pts: float
    faces: tuple[Face, ...]


class Hints:
    """What is known of one epoch's faces.

    `lag`: a frame's hints come from frames at least so many before it; in replay as many as may be in flight, so that
    the hints do not depend on who was quick. `scan_s`: so many seconds of media time apart a whole frame is searched
    (0: every one); `wanted`: hints may be asked for all the same. To go on where another left off: what its
    `up_to(seq)` gave, and frame `seq`'s signature.
    """

    def __init__(
        self,
        lag: int = 1,
        scan_s: float = 0.0,
        seen: Iterable[Seen] = (),
        signature: Sequence[int] = (),
        *,
        wanted: bool = False,
    ):
        self.lag = lag
        self.are_wanted = wanted or scan_s > 0
        """Whether any frame may be one that is not scanned."""
        self._scan_s = scan_s
        self._seen = list(seen)
        self._signature = signature
        self._cuts: list[int] = []
        """First frames of new scenes."""

    def note(self, seq: int, signature: Sequence[int]) -> None:
        """Frame `seq`'s coarse colours; to be told of every frame, in their order, before hints for it are asked."""
        if scene.is_cut(self._signature, signature):
            self._cuts.append(seq)
        self._signature = signature

    def learn(self, seq: int, pts: float, faces: Iterable[tuple[int | None, Box]]) -> None:
        """Tracks and boxes of the faces in a frame's result; to be told once, in whatever order results come."""
        if self.are_wanted:
            whole = tuple(Face(track_id, _whole(box)) for track_id, box in faces)
            insort(self._seen, Seen(seq, pts, whole), key=lambda seen: seen.seq)

    def scan_is_due(self, seq: int, pts: float, prev_pts: float | None, scan_s: float | None = None) -> bool:
        """Whether to search all of frame `seq`; `prev_pts` is that of the frame before it.

        `scan_s` in place of what the hints were made with, for this frame.
        """
        scan_s = self._scan_s if scan_s is None else scan_s
        if not scan_s or prev_pts is None or pts // scan_s != prev_pts // scan_s:
            return True
        return not self._known(seq)

    def of(self, seq: int) -> list[Box]:
        """The boxes to look at in frame `seq`: newest first, each face once."""
        known = self._known(seq)
        faces: list[Face] = []
        for seen in reversed(known):
            if known[-1].pts - seen.pts > REMEMBER_S:
                break
            faces += [face for face in seen.faces if not any(_is_same(face, other) for other in faces)]
        return [(float(x1), float(y1), float(x2), float(y2)) for _, (x1, y1, x2, y2) in faces]

    def up_to(self, seq: int | None) -> tuple[Seen, ...]:
        """What a successor needs for the frames behind `seq`."""
        return () if seq is None else tuple(seen for seen in self._needed_behind(seq) if seen.seq <= seq)

    def forget_before(self, seq: int | None) -> None:
        """Hints for frame `seq` and those before it will not be asked for again."""
        if seq is not None:
            self._seen = self._needed_behind(seq)
            self._cuts = [cut for cut in self._cuts if cut >= self._scene_of(seq)]

    def _needed_behind(self, seq: int) -> list[Seen]:
        begin = self._scene_of(seq)
        known = [seen for seen in self._seen if begin <= seen.seq <= seq + 1 - self.lag]
        oldest = known[-1].pts - REMEMBER_S if known else -math.inf
        return [seen for seen in self._seen if seen.seq >= begin and seen.pts >= oldest]

    def _known(self, seq: int) -> Sequence[Seen]:
        begin = self._scene_of(seq)
        return [seen for seen in self._seen if begin <= seen.seq <= seq - self.lag]

    def _scene_of(self, seq: int) -> int:
        """The first frame of the scene that frame `seq` belongs to, 0 where that is not known."""
        return max((cut for cut in self._cuts if cut <= seq), default=0)


def _whole(box: Box) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = box
    return round(x1), round(y1), round(x2), round(y2)


def _is_same(face: Face, newer: Face) -> bool:
    tracked = face.track_id is not None and face.track_id == newer.track_id
    return tracked or overlap(face.xyxy, newer.xyxy) >= _SAME
