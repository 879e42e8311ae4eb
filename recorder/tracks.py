"""`tracks.csv`: one row per person."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder.episodes import Episode, episodes
from recorder.finished import Finished, Rows, write_csv
from shared.messages import EMOTIONS

HEADER = (
    "source", "track_id", "first_pts", "last_pts", "frames", "measured", "seconds",
    *(f"mean_{label}" for label in EMOTIONS),
    *(f"max_{label}" for label in EMOTIONS),
    *(f"share_{label}" for label in EMOTIONS),
    "changes", "valence_from_labels", "face_px",
)  # fmt: skip
_SIGNS = {"happy": 1, "angry": -1, "disgust": -1, "fear": -1, "sad": -1}


@dataclass
class Person:
    """What is known of one person.

    Attributes:
        track_id: the person's number.
        first_pts: media time of the first frame that shows the person, in seconds.
        last_pts: of the last one.
        frames: number of frames that show the person.
        measured: number of those in which probabilities were measured.
        total: (7,) float64, the sum of these probabilities.
        most: (7,) float64, the largest of each.
        side_sum: sum of the face's size over the frames, in pixels.
        episodes: the labels, in order.
    """

    track_id: int
    first_pts: float
    last_pts: float = 0.0
    frames: int = 0
    measured: int = 0
    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(EMOTIONS)))
    most: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(EMOTIONS)))
    side_sum: float = 0.0
    episodes: list[Episode] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Time in the picture, the short gaps of `episodes.HIDDEN_S` included."""
        return sum(episode.seconds for episode in self.episodes)

    @property
    def face_px(self) -> float:
        """Mean size of the face in pixels: the square root of its box's area."""
        return self.side_sum / self.frames

    @property
    def means(self) -> list[float] | None:
        """(7,) means of the measured probabilities; None if there are none."""
        return (self.total / self.measured).tolist() if self.measured else None

    @property
    def shares(self) -> dict[str, float] | None:
        """Share of the labelled time by label, 0 to 1; None if there is no label."""
        times = dict.fromkeys(EMOTIONS, 0.0)
        for episode in self.episodes:
            if episode.label:
                times[episode.label] += episode.seconds
        whole = sum(times.values())
        return {label: seconds / whole for label, seconds in times.items()} if whole else None

    @property
    def changes(self) -> int:
        """How often the label became another."""
        labels = [episode.label for episode in self.episodes if episode.label]
        return sum(before != after for before, after in pairwise(labels))

    @property
    def valence(self) -> float | None:
        """Valence derived from the labels, -1 to 1: the share of happy less those of angry, disgust, fear and sad."""
        shares = self.shares
        return sum(sign * shares[label] for label, sign in _SIGNS.items()) if shares else None

    def _see(self, rows: Rows) -> None:
        self.last_pts = float(rows.pts[-1])
        self.frames += len(rows)
        self.side_sum += float(rows.side.sum())
        raw = rows.raw[rows.classified].astype(np.float64)
        self.measured += len(raw)
        self.total += raw.sum(axis=0)
        self.most = np.maximum(self.most, raw.max(axis=0, initial=0.0))


def people(recording: Finished) -> list[Person]:
    """Everybody with a number, in the order of these."""
    known: dict[int, Person] = {}
    for rows in recording.tracked():
        for track_id in np.unique(rows.track_id).tolist():
            mine = rows.pick(rows.track_id == track_id)
            known.setdefault(track_id, Person(track_id, float(mine.pts[0])))._see(mine)
    labels = defaultdict(list)
    for episode in episodes(recording):
        labels[episode.track_id].append(episode)
    for track_id, person in known.items():
        person.episodes = labels[track_id]
    return [known[track_id] for track_id in sorted(known)]


def write_tracks(folder: Path) -> Path:
    """Write `tracks.csv` into the folder of a finished recording; returns its path.

    Raises:
        UnfinishedError: there is no finished recording.
    """
    recording = Finished(folder)
    rows = (_cells(recording.source, person) for person in people(recording))
    return write_csv(folder / "tracks.csv", HEADER, rows)


def _cells(source: str, person: Person) -> Sequence[object]:
    def numbers() -> Iterator[object]:
        nothing = [None] * len(EMOTIONS)
        yield from person.means or nothing
        yield from person.most.tolist() if person.measured else nothing
        yield from person.shares.values() if person.shares else nothing

    times = person.first_pts, person.last_pts, person.frames, person.measured, person.seconds
    return source, person.track_id, *times, *numbers(), person.changes, person.valence, person.face_px
