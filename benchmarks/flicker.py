"""How often the label of a face changes, how much of that is taken back, and how late real changes are shown."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from capture.cadence import Cadence
from classifier.backends import Classifier
from detector.crops import roll, square_crop
from detector.mtcnn import Detections, Detector
from detector.thumbnails import thumbnail
from shared.scene import signature
from shared.settings import DEFAULTS
from smoother.tracking import Tracks, fold, track

BACK_S = 0.5
"""A change of label is taken back if the next one follows within this time ..."""
STAYS_S = 0.5
"""... and a change of the raw label is real if it stays for this long."""
LATE_S = 0.4
"""How late a real change may be shown."""
_EXACT_S = 0.005  # tolerance of time stamps

Due = Callable[[int, float, float | None], bool]
"""Whether a frame is classified: its number, its media time and that of the frame before."""


class Look(NamedTuple):
    """One frame: its faces, their probabilities (N, 7), its coarse colours, and the faces' thumbnails."""

    pts: float
    found: Detections
    probs: np.ndarray
    signature: list[int]
    thumbnails: list[bytes]


class Reading(NamedTuple):
    """Three labels of a face after one classified frame, as indices into EMOTIONS."""

    pts: float
    raw: int
    """The frame's own."""
    smoothed: int
    """The largest smoothed probability's."""
    shown: str
    """The result's."""


@dataclass(frozen=True)
class Changes:
    """How often a label changes, and how many of these changes are taken back."""

    count: int
    taken_back: int

    def __str__(self) -> str:
        return f"{self.count}, {self.taken_back / max(self.count, 1):.0%} back"


def watch(clip: Path, detector: Detector, classifier: Classifier) -> Iterator[Look]:
    """Detect and classify every face of every frame."""
    video = cv2.VideoCapture(str(clip))
    while (read := video.read())[0]:
        frame = np.asarray(read[1], np.uint8)
        found = detector.detect(frame)
        places = zip(found.xyxy, map(roll, found.landmarks), strict=True)
        _, probs = classifier.classify([square_crop(frame, xyxy, roll=tilt)[0] for xyxy, tilt in places])
        thumbnails = [thumbnail(frame, landmarks) for landmarks in found.landmarks]
        yield Look(video.get(cv2.CAP_PROP_POS_MSEC) / 1000, found, probs, signature(frame), thumbnails)


def by_cadence() -> Due:
    """The frames that a capture classifies."""
    cadence = Cadence()

    def is_due(seq: int, pts: float, before: float | None) -> bool:
        due = cadence.is_due(seq, pts, before, DEFAULTS.classify_every)
        if due:
            cadence.note(seq, pts)
        return due

    return is_due


def readings(film: Sequence[Look], is_due: Due, stride: int = 1) -> list[Reading]:
    """The labels over time of the face that is listed most, when only every `stride`-th frame exists."""
    state, before = Tracks(), None
    listed: dict[int | None, list[Reading]] = defaultdict(list)
    for seq, look in enumerate(film[::stride]):
        found = look.found
        state, assigned = track(
            state, found.xyxy, found.confidence, look.pts, look.signature, thumbnails=look.thumbnails
        )
        if is_due(seq, look.pts, before):
            sure = {
                index: tuple(look.probs[face].tolist())
                for face, index in enumerate(assigned)
                if index is not None and found.confidence[face] >= DEFAULTS.detect_confidence
            }
            state = fold(state, sure, look.pts)
            for index, probs in sure.items():
                face = state.tracks[index]
                assert face.label is not None  # noqa: S101 — just folded
                smoothed = int(np.argmax(face.smoothed or ()))
                listed[face.track_id].append(Reading(look.pts, int(np.argmax(probs)), smoothed, face.label.name))
        before = look.pts
    return max(listed.values(), key=len, default=[])


def changes(times: Sequence[float], labels: Sequence[object]) -> Changes:
    """Changes of a label read at these times."""
    at = [pts for pts, (before, after) in zip(times[1:], pairwise(labels), strict=True) if before != after]
    return Changes(len(at), sum(later - earlier <= BACK_S + _EXACT_S for earlier, later in pairwise(at)))


def delays(times: Sequence[float], raw: Sequence[object], shown: Sequence[object]) -> list[float]:
    """By how many seconds each real change of `raw` is shown later; infinite where it never is."""
    runs = [list(run) for _, run in groupby(range(len(raw)), key=lambda index: raw[index])]
    late = []
    for run in runs[1:]:
        if times[run[-1]] - times[run[0]] >= STAYS_S - _EXACT_S:
            then = (index for index in range(run[0], len(shown)) if shown[index] == raw[run[0]])
            index = next(then, None)
            late.append(float("inf") if index is None else times[index] - times[run[0]])
    return late


def difference(film: Sequence[Reading], other: Sequence[Reading], step_s: float = 0.2) -> float:
    """The share of moments, from the second one on, at which two films of one face show different labels."""
    moments = np.arange(1.0, film[-1].pts, step_s)
    one, two = (_at(moments, readings) for readings in (film, other))
    return float(np.mean([mine != its for mine, its in zip(one, two, strict=True)])) if len(moments) else 0.0


def _at(moments: np.ndarray, readings: Sequence[Reading]) -> list[str]:
    last = np.searchsorted([reading.pts for reading in readings], moments + _EXACT_S) - 1
    return [readings[index].shown for index in last.clip(0)]
