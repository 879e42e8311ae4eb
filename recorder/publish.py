"""Plays a recording's results onto a bus with their timing, as the smoother published them.

So that a dashboard, or a program that listens, can be developed without camera and model.
"""

import argparse
import time
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from msgspec import structs
from typing_extensions import override

from recorder.batch import exit_code
from recorder.manifest import read_run
from recorder.schema import LANDMARKS, QUALITY, RAW, SMOOTHED
from shared.loop import run
from shared.messages import Quality
from shared.results import Smoothed, TrackedFace
from shared.stage import BEAT_S, Stage
from shared.topics import Envelope

_ROWS = 4096


def publish(options: argparse.Namespace) -> int:
    """Play the recording once; returns the exit code. Raises AffectError if the folder holds none."""
    folder: Path = options.publish
    read_run(folder)
    epoch = time.time_ns() // 1_000_000
    return exit_code(lambda: run("recorder", lambda _: Publisher(results(folder, epoch))))


def results(folder: Path, epoch: int) -> Iterator[Smoothed]:
    """The results of a recording in order, as of this epoch; wall-clock times are not kept, and are 0."""
    faces = groupby(_rows(folder / "faces.parquet"), key=itemgetter("seq"))
    frames = _rows(folder / "frames.parquet")
    group, frame, prev = next(faces, None), next(frames, None), None
    while frame is not None:
        following = next(frames, None)
        its: list[TrackedFace] = []
        if group is not None and group[0] == frame["seq"]:
            its = [_face(row) for row in group[1]]
            group = next(faces, None)
        yield Smoothed(
            source=frame["source"],
            epoch=epoch,
            seq=frame["seq"],
            prev=prev,
            acked=prev,
            pts=frame["pts"],
            captured_ns=0,
            live=True,
            end=following is None,
            faces=its,
            size=(frame["width"], frame["height"]) if frame["width"] else None,
            classified=frame["classified"],
            complete=frame["complete"],
            repeat=False,
            stages_ms={},
            left_out=frame["left_out"],
        )
        prev, frame = frame["seq"], following


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS):
            yield from batch.to_pylist()


def _face(row: dict[str, Any]) -> TrackedFace:
    return TrackedFace(
        track_id=row["track_id"],
        xyxy=(row["x1"], row["y1"], row["x2"], row["y2"]),
        confidence=row["confidence"],
        landmarks=tuple((row[f"{point}_x"], row[f"{point}_y"]) for point in LANDMARKS),  # type: ignore[arg-type]
        probs=_probs(row, RAW),
        smoothed=_probs(row, SMOOTHED),
        label=row["label"],
        first_pts=row["first_pts"],
        classified_pts=row["classified_pts"],
        quality=_quality(row),
        reason=row["reason"],
    )


def _quality(row: dict[str, Any]) -> Quality | None:
    values = {name.removeprefix("quality_"): row[name] for name in QUALITY}
    return None if None in values.values() else Quality(**values)


def _probs(row: dict[str, Any], names: tuple[str, ...]) -> Any:
    return None if row[names[0]] is None else tuple(row[name] for name in names)


class Publisher(Stage):
    """Publishes each result when its media time has come, counted from the first turn of the loop."""

    def __init__(self, played: Iterator[Smoothed]):
        super().__init__()
        self._played = played
        self._next = next(played, None)
        self._started: float | None = None
        self._said: Smoothed | None = None

    @override
    def tick(self, now: float) -> Iterator[Envelope]:
        """Publish what is due."""
        if self._next is not None and self._started is None:
            self._started = now + BEAT_S - self._next.pts  # viewers hear of the epoch first
        while self._next is not None and self._started is not None and now >= self._started + self._next.pts:
            self._said = self._next
            yield Envelope("smoothed", self._said.source, structs.replace(self._said, captured_ns=time.time_ns()))
            self.meter.count("out")
            self._next = next(self._played, None)
        self.finished = self._next is None

    @override
    def wake_in(self, now: float) -> float:
        if self._next is None or self._started is None:
            return 0.0
        return min(BEAT_S, max(0.0, self._started + self._next.pts - now))
