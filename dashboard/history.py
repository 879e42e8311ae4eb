"""What the faces of a source showed in the last ten minutes of its epoch, in bounded memory.

Pure; times are seconds of media. A sample takes 37 bytes: probabilities are kept as 16-bit whole numbers, which is
exact to 0.0001.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence

import msgspec

from shared.messages import EMOTIONS, Probs
from shared.results import Smoothed

KEEP_S = 600.0
MOST_TRACKS = 256
MOST_SAMPLES = 60_000
"""Of one source: five faces, each classified twenty times a second."""
_SLACK_S = 30.0
"""Old samples are dropped together, not one by one."""
_ONE = 65_535
_WIDTH = 2 * len(EMOTIONS)
_NO_LABEL = 255


class TrackHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A face's samples, oldest first: one for each frame in which it was classified, so that a gap is one in `pts`.

    `probs` are the frame's own, `smoothed` the track's; `label` is nil where the face could not be read. `first_pts`
    and `last_pts` say when it was first and last in sight.
    """

    track_id: int
    first_pts: float
    last_pts: float
    pts: list[float]
    smoothed: list[list[float]]
    probs: list[list[float]]
    label: list[str | None]


class HistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """The classified frames of a source's epoch (nil before the first); probabilities in the order of `emotions`."""

    source: str
    epoch: int | None
    emotions: tuple[str, ...]
    tracks: list[TrackHistory]


class Track:
    """The samples of one face."""

    def __init__(self, track_id: int, first_pts: float):
        self.track_id = track_id
        self.first_pts = self.last_pts = first_pts
        self._pts = array("d")
        self._values = array("H")
        self._labels = array("B")

    def __len__(self) -> int:
        return len(self._pts)

    def add(self, pts: float, smoothed: Probs, probs: Probs, label: str | None) -> None:
        """Append a sample."""
        self._pts.append(pts)
        self._values.extend(round(min(max(share, 0.0), 1.0) * _ONE) for share in (*smoothed, *probs))
        self._labels.append(EMOTIONS.index(label) if label in EMOTIONS else _NO_LABEL)

    def drop(self, count: int) -> int:
        """Drop the oldest samples; returns how many there were to drop."""
        count = min(count, len(self))
        del self._pts[:count], self._values[: count * _WIDTH], self._labels[:count]
        return count

    def before(self, pts: float) -> int:
        """How many samples are older."""
        return bisect_left(self._pts, pts)

    def since(self, pts: float) -> "Track":
        """A copy without what is older."""
        first = self.before(pts)
        copy = Track(self.track_id, self.first_pts)
        copy.last_pts = self.last_pts
        copy._pts, copy._labels = self._pts[first:], self._labels[first:]
        copy._values = self._values[first * _WIDTH :]
        return copy

    def view(self) -> TrackHistory:
        """All samples as numbers."""
        rows = [self._values[start : start + _WIDTH] for start in range(0, len(self._values), _WIDTH)]
        half = len(EMOTIONS)
        return TrackHistory(
            track_id=self.track_id,
            first_pts=self.first_pts,
            last_pts=self.last_pts,
            pts=list(self._pts),
            smoothed=[_numbers(row[:half]) for row in rows],
            probs=[_numbers(row[half:]) for row in rows],
            label=[None if label == _NO_LABEL else EMOTIONS[label] for label in self._labels],
        )


class History:
    """The faces of one source; a new epoch begins anew."""

    def __init__(self) -> None:
        self.epoch: int | None = None
        self._tracks: dict[int, Track] = {}
        self._samples = 0
        self._newest = self._oldest = 0.0

    def add(self, result: Smoothed) -> None:
        """Take a result in."""
        if result.epoch != self.epoch:
            self.epoch, self._tracks, self._samples, self._oldest = result.epoch, {}, 0, result.pts
        self._newest = result.pts
        for face in result.faces:
            if face.track_id is None:
                continue
            track = self._tracks.get(face.track_id)
            if track is None:
                track = self._tracks[face.track_id] = Track(face.track_id, face.first_pts)
            track.last_pts = result.pts
            if face.probs and face.smoothed:
                track.add(result.pts, face.smoothed, face.probs, face.label)
                self._samples += 1
        self._bound()

    def cut(self, seconds: float) -> list[Track]:
        """Copies of the tracks with samples of the last `seconds`, as they were first seen."""
        copies = (track.since(self._newest - seconds) for track in self._tracks.values())
        return [track for track in copies if len(track)]

    def _bound(self) -> None:
        if self._newest - self._oldest > KEEP_S + _SLACK_S:
            self._oldest = self._newest - KEEP_S
            for track in self._tracks.values():
                self._samples -= track.drop(track.before(self._oldest))
            self._tracks = {number: one for number, one in self._tracks.items() if one.last_pts >= self._oldest}
        while len(self._tracks) > MOST_TRACKS:
            longest_gone = min(self._tracks.values(), key=lambda track: track.last_pts)
            self._samples -= len(self._tracks.pop(longest_gone.track_id))
        while self._samples > MOST_SAMPLES:
            longest = max(self._tracks.values(), key=len)
            self._samples -= longest.drop(max(1, len(longest) // 4))


def _numbers(packed: Sequence[int]) -> list[float]:
    return [round(number / _ONE, 4) for number in packed]
