"""A made-up crowd through capture's questions, the detector and the tracker, as in a replay, in one process."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import cast

import cv2
import numpy as np

from benchmarks.pictures import portrait
from capture.asks import Asks
from capture.policy import Policy
from capture.sources import Frame
from detector import crowd
from detector.mtcnn import Detector
from detector.thumbnails import thumbnail
from shared.messages import Box
from shared.settings import DEFAULTS
from smoother.tracking import Tracks, track

FPS = 30
SIZE = (1920, 1080)
COLUMNS = 12
_SWAY = 0.05  # of a cell's width, how far people lean

Keep = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Which faces are kept: boxes (N, 4), confidence (N,), known boxes (K, 4) to indices."""


@dataclass
class Outcome:
    """What becomes of a crowd."""

    named: set[int] = field(default_factory=set)
    """The places in which somebody has had an id."""
    ids: set[int] = field(default_factory=set)
    missing: int = 0
    """Frames that do not list somebody whom the frame before listed under an id."""
    left_out: int = 0
    """Most faces left out of a frame."""
    at_once: int = 0
    """Most faces classified in a frame after the first."""
    longest_s: float = 0.0
    """Longest time for which somebody with an id was not classified."""
    _listed: set[int] = field(default_factory=set)
    _classified: dict[int, float] = field(default_factory=dict)

    def add(self, pts: float, places: dict[int, int], due: set[int], left_out: int) -> None:
        """Count one frame: by id the place, and which ids were classified."""
        self.missing += bool(self._listed - places.keys())
        self._listed = set(places)
        self.ids |= places.keys()
        self.named |= set(places.values())
        self.left_out = max(self.left_out, left_out)
        for track_id in places:
            since = self._classified.setdefault(track_id, pts)
            self.longest_s = max(self.longest_s, pts - since)
            if track_id in due:
                self._classified[track_id] = pts


def gathering(people: int, frames: int) -> Iterator[np.ndarray]:
    """Frames (H, W, 3) of so many portraits in rows; each sways, and noise makes the detector's scores change."""
    dice = np.random.default_rng(people)
    width = SIZE[0] // COLUMNS
    height = SIZE[1] // -(-people // COLUMNS)
    head = portrait(round(width * 0.85), round(height * 0.9))
    phases = dice.uniform(0, 2 * np.pi, (people, 2))
    for number in range(frames):
        frame = np.full((SIZE[1], SIZE[0], 3), 96, np.uint8)
        for place in range(people):
            row, column = divmod(place, COLUMNS)
            sway = _SWAY * width * (1 + np.sin(2 * number / FPS + phases[place]))
            top, left = row * height + round(sway[1]), column * width + round(sway[0])
            there = frame[top : top + head.shape[0], left : left + head.shape[1]]
            there[:] = head[: there.shape[0], : there.shape[1]]
        yield cv2.add(frame, dice.normal(0, 12, frame.shape), dtype=cv2.CV_8U)


def follow(people: int, frames: int, detector: Detector, keep: Keep, most_classified: int) -> Outcome:
    """Follow a gathering; `detector` must find everybody, `keep` takes its place in choosing some."""
    lag = DEFAULTS.hint_lag
    asks = Asks(Policy(live=False, scan_s=DEFAULTS.scan_seconds, hint_lag=lag))
    tracks, outcome = Tracks(), Outcome()
    results: list[tuple[int, float, list[tuple[int | None, Box]]]] = []
    for seq, picture in enumerate(gathering(people, frames)):
        pts = seq / FPS
        if seq >= lag:
            asks.hints.learn(*results[seq - lag])
        asked = asks.decide(Frame(picture, pts, seq))
        hints = np.array([face.box for face in asked.hints]).reshape(-1, 4)
        ids = [face.track_id for face in asked.hints]
        found = detector.detect(picture, None if asked.scan else hints)
        kept = keep(found.xyxy, found.confidence, hints[crowd.by_age(ids)])
        xyxy, confidence = found.xyxy[kept], found.confidence[kept]
        wanted = asked.classify & (confidence >= DEFAULTS.detect_confidence)
        due = crowd.in_turn(xyxy, wanted, hints, ids, crowd.Turn(asked.turn, asked.turns), most_classified)
        thumbnails = [thumbnail(picture, landmarks) for landmarks in found.landmarks[kept]]
        tracks, assigned = track(tracks, xyxy, confidence, pts, asked.signature, found.scanned, thumbnails=thumbnails)
        listed = {face: tracks.tracks[index].track_id for face, index in enumerate(assigned) if index is not None}
        results.append((seq, pts, [(track_id, cast(Box, tuple(xyxy[face]))) for face, track_id in listed.items()]))
        named = {track_id: face for face, track_id in listed.items() if track_id is not None}
        places = {track_id: _place(xyxy[face], people) for track_id, face in named.items()}
        outcome.at_once = max(outcome.at_once, int(due.sum()) if seq else 0)
        outcome.add(pts, places, {track_id for track_id, face in named.items() if due[face]}, len(found) - len(kept))
    return outcome


def _place(xyxy: np.ndarray, people: int) -> int:
    x, y = (xyxy[:2] + xyxy[2:]) / 2
    return int(y // (SIZE[1] // -(-people // COLUMNS))) * COLUMNS + int(x // (SIZE[0] // COLUMNS))
