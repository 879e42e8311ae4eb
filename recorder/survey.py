"""One pass over a recording's faces: each person's probabilities over time, and how well they were seen."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recorder.finished import Finished, Rows
from recorder.schema import REASONS
from shared.messages import EMOTIONS

SMALL_PX = 48
"""A released network's input is this wide: of smaller faces it sees less than it could."""
ROLLED_DEG = 30.0
"""A head tilted further, by the line between the eyes."""
TURNED = 0.2
"""A head whose nose lies this close to an eye, or beyond it, in distances between the eyes, shows its side."""


class View(NamedTuple):
    """Where a person can be seen best: the frame's number and the box in it, in pixels."""

    score: float
    seq: int
    xyxy: tuple[float, float, float, float]


@dataclass
class Portrait:
    """How one person was seen.

    Attributes:
        total: (bins, 7) float64, sums of the measured probabilities over equal stretches of the film.
        count: (bins,) int64, how many were measured there.
        small: number of measurements of a face smaller than SMALL_PX.
        rolled: of a head rolled by more than ROLLED_DEG.
        turned: of a head that shows its side, see TURNED.
        reasons: (5,) int64, number of measurements of a face that could not be read, by REASONS.
        best: where to take a picture of.
    """

    total: NDArray[np.float64]
    count: NDArray[np.int64]
    small: int = 0
    rolled: int = 0
    turned: int = 0
    reasons: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(REASONS), np.int64))
    best: View = field(default=View(-1.0, 0, (0.0, 0.0, 0.0, 0.0)))

    @property
    def means(self) -> NDArray[np.float64]:
        """(bins, 7) mean probabilities; NaN where nothing was measured."""
        with np.errstate(invalid="ignore"):
            means: NDArray[np.float64] = self.total / self.count[:, None]
        return means


def survey(recording: Finished, bins: int) -> dict[int, Portrait]:
    """Everybody's portrait by `track_id`; the film's length is cut into `bins` equal stretches."""
    begins_s = recording.frames.pts[0] if len(recording.frames.pts) else 0.0
    known: dict[int, Portrait] = {}
    for rows in recording.tracked():
        place = ((rows.pts - begins_s) / (recording.frames.seconds or 1.0) * bins).astype(np.int64).clip(0, bins - 1)
        for track_id in np.unique(rows.track_id).tolist():
            mine = rows.track_id == track_id
            if track_id not in known:
                known[track_id] = Portrait(np.zeros((bins, len(EMOTIONS))), np.zeros(bins, np.int64))
            _add(known[track_id], rows.pick(mine), place[mine])
    return known


def roll(landmarks: NDArray[np.float32]) -> NDArray[np.float64]:
    """By how many degrees heads are tilted, clockwise as seen in the picture, from (N, 5, 2) landmarks in pixels."""
    across = (landmarks[:, 1] - landmarks[:, 0]).astype(np.float64)
    angles: NDArray[np.float64] = np.degrees(np.arctan2(across[:, 1], across[:, 0]))
    return angles


def shows_side(landmarks: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether the nose lies near an eye or beyond it, along the line between the eyes; (N, 5, 2) landmarks."""
    points = landmarks.astype(np.float64)
    across, nose = points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]
    along = (across * nose).sum(axis=1) / np.maximum((across**2).sum(axis=1), 1e-6)
    aside: NDArray[np.bool_] = np.abs(along - 0.5) > 0.5 - TURNED
    return aside


def _add(portrait: Portrait, rows: Rows, place: NDArray[np.int64]) -> None:
    aside = shows_side(rows.landmarks)
    score = rows.side * rows.confidence * np.where(aside, 0.3, 1.0)
    best = int(score.argmax())
    if score[best] > portrait.best.score:
        x1, y1, x2, y2 = rows.xyxy[best].tolist()
        portrait.best = View(float(score[best]), int(rows.seq[best]), (x1, y1, x2, y2))
    seen = rows.classified
    np.add.at(portrait.total, place[seen], rows.raw[seen].astype(np.float64))
    np.add.at(portrait.count, place[seen], 1)
    portrait.small += int((rows.side[seen] < SMALL_PX).sum())
    portrait.rolled += int((np.abs(roll(rows.landmarks[seen])) > ROLLED_DEG).sum())
    portrait.turned += int(aside[seen].sum())
    portrait.reasons += np.bincount(rows.reason[seen & (rows.reason >= 0)], minlength=len(REASONS))
