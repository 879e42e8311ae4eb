"""The results of one upload, on disk: a line of JSON for each frame, found by media time without reading the others."""

import contextlib
import os
import threading
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from shared.messages import EMOTIONS
from shared.results import Smoothed, TrackedFace

MOST_ROWS = 5000
"""Frames that are read at once."""
_POINTS = 1200  # of a track's timeline, far more than a screen is wide


class Journal:
    """Written by one thread in the order of frames, read by others. A later run of the source replaces it."""

    def __init__(self, path: Path):
        self._lock = threading.Lock()
        self._file = path.open("w+b")
        self._epoch: int | None = None
        self._clear()

    def _clear(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._pts, self._begins = array("d"), array("Q", [0])
        self._seq = -1
        self.missing = 0
        """Frames whose results were not heard."""
        self.is_whole = False
        """Whether the last frame of the recording is there."""

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self._pts)

    @property
    def seconds(self) -> float:
        """Media time of the newest frame."""
        return self._pts[-1] if self._pts else 0.0

    def add(self, result: Smoothed) -> None:
        """Write a frame's result; one that is there already is left out. Raises OSError, as on a full disk."""
        with self._lock:
            if self._epoch is None or result.epoch > self._epoch:
                self._epoch = result.epoch
                self._clear()
            if result.epoch < self._epoch or result.seq <= self._seq:
                return
            line = msgspec.json.encode(_row(result))
            self._file.write(line)
            self._missed(result)
            self._pts.append(result.pts)
            self._begins.append(self._begins[-1] + len(line))
            self.is_whole = result.end

    def _missed(self, result: Smoothed) -> None:
        self.missing += result.seq - self._seq - 1
        self._seq = result.seq

    def rows(self, since: float, until: float) -> bytes:
        """The frames of a stretch of media time, as a JSON array: at most MOST_ROWS from `since` on."""
        first = bisect_left(self._pts, since)
        last = min(bisect_left(self._pts, until), first + MOST_ROWS)
        return b"[" + b",".join(self._lines(first, last)) + b"]"

    def timeline(self) -> dict[str, Any]:
        """Everybody over time: classified frames only, thinned out where there are more than a screen shows."""
        frames, seconds = self.frames, self.seconds
        tracks: dict[int, _Track] = defaultdict(_Track)
        for line in self._lines(0, frames):
            row = msgspec.json.decode(line, type=_Row)
            for face in row.faces:
                if face.track_id is not None:
                    tracks[face.track_id].add(row.pts, face, seconds / _POINTS)
        listed = [{"track_id": number, **track.told()} for number, track in sorted(tracks.items())]
        facts = {"frames": frames, "seconds": seconds, "missing": self.missing}
        return {"emotions": EMOTIONS, **facts, "step": seconds / _POINTS, "tracks": listed}

    def _lines(self, first: int, last: int) -> Iterator[bytes]:
        """The lines of frames, by their place; read beside the writer, up to where it begins anew or is closed."""
        epoch = self._epoch
        for place in range(first, last, MOST_ROWS):
            with self._lock:  # also while it is read: a file descriptor that is closed may be another file's at once
                begins = self._begins[place : min(last, place + MOST_ROWS) + 1]
                if self._file.closed or self._epoch != epoch or not begins:
                    return
                with contextlib.suppress(OSError):  # a full disk: what is on it is read
                    self._file.flush()
                block = os.pread(self._file.fileno(), begins[-1] - begins[0], begins[0])
            for begin, end in pairwise(begins):
                if end - begins[0] <= len(block):
                    yield block[begin - begins[0] : end - begins[0]]

    def close(self) -> None:
        """Close the file; what finds no room on the disk is lost."""
        with self._lock, contextlib.suppress(OSError):
            self._file.close()


class _Face(msgspec.Struct):
    """What of a face is kept: as in `smoothed/`, rounded."""

    track_id: int | None
    xyxy: list[float]
    confidence: float
    label: str | None
    reason: str | None
    probs: list[float] | None
    smoothed: list[float] | None
    first_pts: float
    classified_pts: float | None
    landmarks: list[list[float]] = []


class _Row(msgspec.Struct):
    """What of a frame is kept."""

    source: str
    epoch: int
    seq: int
    pts: float
    size: tuple[int, int] | None
    complete: bool
    left_out: int
    faces: list[_Face]


def _row(result: Smoothed) -> _Row:
    faces = [_face(face) for face in result.faces]
    known = (result.source, result.epoch, result.seq, result.pts, result.size, result.complete, result.left_out)
    return _Row(*known, faces)


def _face(face: TrackedFace) -> _Face:
    probs, smoothed = (None if p is None else [round(share, 4) for share in p] for p in (face.probs, face.smoothed))
    box = [round(edge, 1) for edge in face.xyxy]
    times = (face.first_pts, face.classified_pts)
    return _Face(face.track_id, box, round(face.confidence, 3), face.label, face.reason, probs, smoothed, *times)


@dataclass
class _Track:
    """One person's timeline in the making: points at least `step` seconds apart."""

    first: float | None = None
    last: float = 0.0
    pts: list[float] = field(default_factory=list)
    smoothed: list[list[float]] = field(default_factory=list)
    label: list[str | None] = field(default_factory=list)

    def add(self, pts: float, face: _Face, step: float) -> None:
        """Take one of the person's faces in."""
        self.first = pts if self.first is None else self.first
        self.last = pts
        if face.smoothed and face.probs and (not self.pts or pts - self.pts[-1] >= step):
            self.pts.append(pts)
            self.smoothed.append(face.smoothed)
            self.label.append(face.label)

    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        points = {"pts": self.pts, "smoothed": self.smoothed, "label": self.label}
        return {"first_pts": self.first, "last_pts": self.last, **points}
