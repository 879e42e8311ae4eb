"""Where a detector should look: near the faces of known results. Pure; `pts` in seconds.

Detectors spend most time on empty parts of a frame. Between two scans of the whole frame they search only near the
faces of the last half second, which also bridges short misses. Where the colours jump, be it a cut or only other light
(the smoother decides, by the faces), every frame is scanned until a result from behind the jump may be known: that is
right for both.
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
_SAME = 0.3  # intersection over union from which two boxes are one face


class Face(NamedTuple):
    """One face of a result: its track, None until confirmed, and its box in whole pixels."""

    track_id: int | None
    xyxy: tuple[int, int, int, int]

    @property
    def box(self) -> Box:
        """Its box as in messages."""
        x1, y1, x2, y2 = self.xyxy
        return float(x1), float(y1), float(x2), float(y2)


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """The faces of one result."""

    seq: int
    pts: float
    faces: tuple[Face, ...]


class Hints:
    """The known faces of one epoch.

    `lag`: a frame's hints come from frames at least this many before it; in replay the limit on frames in flight, so
    that hints do not depend on timing. `scan_s`: media seconds between scans of the whole frame (0: scan all);
    `wanted`: keep hints even then. To resume another's epoch: `seen` is its `up_to(seq)`, `signature` and `size` are
    frame `seq`'s.
    """

    def __init__(
        self,
        lag: int = 1,
        scan_s: float = 0.0,
        seen: Iterable[Seen] = (),
        signature: Sequence[int] = (),
        size: tuple[int, int] | None = None,
        *,
        wanted: bool = False,
    ):
        self.lag = lag
        self.are_wanted = wanted or scan_s > 0
        """Whether any frame may go unscanned."""
        self._scan_s = scan_s
        self._seen = list(seen)
        self._signature, self._size = signature, size
        self._cuts: list[int] = []  # first frames behind a jump

    def note(self, seq: int, signature: Sequence[int], size: tuple[int, int] | None = None) -> None:
        """Record frame `seq`'s signature, width and height; for every frame in order, before asking for its hints."""
        if scene.is_jump(self._signature, signature) or scene.is_resized(self._size, size):
            self._cuts.append(seq)
        self._signature, self._size = signature, size

    def learn(self, seq: int, pts: float, faces: Iterable[tuple[int | None, Box]]) -> None:
        """Record the (track, box) pairs of a frame's result; once per frame, in any order."""
        if self.are_wanted:
            whole = tuple(Face(track_id, _whole(box)) for track_id, box in faces)
            insort(self._seen, Seen(seq, pts, whole), key=lambda seen: seen.seq)

    def scan_is_due(self, seq: int, pts: float, prev_pts: float | None, scan_s: float | None = None) -> bool:
        """Whether to scan all of frame `seq`; `prev_pts` is its predecessor's, `scan_s` overrides the constructor's."""
        scan_s = self._scan_s if scan_s is None else scan_s
        if not scan_s or prev_pts is None or pts // scan_s != prev_pts // scan_s:
            return True
        return not self._known(seq)

    def of(self, seq: int) -> list[Box]:
        """The boxes to search near in frame `seq`, those of `faces`."""
        return [face.box for face in self.faces(seq)]

    def faces(self, seq: int) -> list[Face]:
        """The faces known for frame `seq`: newest first, each once."""
        known = self._known(seq)
        faces: list[Face] = []
        for seen in reversed(known):
            if known[-1].pts - seen.pts > REMEMBER_S:
                break
            ids = {face.track_id for face in faces} - {None}  # in a crowd, comparing boxes takes long
            others = [face for face in seen.faces if face.track_id not in ids]
            faces += [one for one in others if not any(overlap(one.xyxy, face.xyxy) >= _SAME for face in faces)]
        return faces

    def up_to(self, seq: int | None) -> tuple[Seen, ...]:
        """What a successor needs for the frames after `seq`."""
        return () if seq is None else tuple(seen for seen in self._needed_behind(seq) if seen.seq <= seq)

    def forget_before(self, seq: int | None) -> None:
        """Forget what only hints for frame `seq` and earlier ones would need."""
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
        """The first frame of frame `seq`'s scene, 0 if unknown."""
        return max((cut for cut in self._cuts if cut <= seq), default=0)


def _whole(box: Box) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = box
    return round(x1), round(y1), round(x2), round(y2)
