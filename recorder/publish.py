"""Plays a recording's results onto a bus with their timing, as the smoother published them, with previews of its film.

So that a dashboard, or a program that listens, can be developed without camera and model.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import cv2
import pyarrow.parquet as pq
from msgspec import structs
from typing_extensions import override

from capture.sources import Frame
from recorder.batch import exit_code
from recorder.film import check, frames, open_film
from recorder.finished import Finished
from recorder.manifest import read_run
from recorder.schema import LANDMARKS, QUALITY, RAW, SMOOTHED
from shared.errors import SourceError
from shared.loop import run
from shared.messages import Preview, Quality
from shared.results import Smoothed, TrackedFace
from shared.stage import BEAT_S, Place, Stage
from shared.topics import Envelope

_ROWS = 4096
_QUALITY = 80  # of previews


def publish(options: argparse.Namespace) -> int:
    """Play the recording once; returns the exit code. Raises AffectError if the folder holds none."""
    folder: Path = options.publish
    read_run(folder)
    epoch = time.time_ns() // 1_000_000
    return exit_code(lambda: run("recorder", lambda place: Publisher(results(folder, epoch), _pictures(folder, place))))


def _pictures(folder: Path, place: Place) -> "Pictures | None":
    """Of the film that was recorded, if it is where it was; otherwise why there are none is said."""
    recording = Finished(folder)
    film = Path(recording.run["input"]["path"])
    try:
        check(recording, film)
        open_film(film)
    except SourceError as error:
        print(f"recorder: results alone, without previews: {error}", file=sys.stderr)
        return None
    return Pictures(frames(film), place.settings.preview_width, place.settings.preview_fps)


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


class Pictures:
    """Previews of a film's frames, at most `fps` a second of media time and `width` pixels across."""

    def __init__(self, film: Iterator[Frame], width: int, fps: float):
        self._film = film
        self._width = width
        self._apart_s = 0.9 / fps
        self._made_at: float | None = None

    def of(self, result: Smoothed) -> Preview | None:
        """The preview of a result's frame, for results in order; None if the last one was a moment ago."""
        if self._made_at is not None and result.pts - self._made_at < self._apart_s:
            return None
        frame = next((one for one in self._film if one.index >= result.seq), None)
        if frame is None or frame.index > result.seq:
            return None
        self._made_at = result.pts
        width, height = frame.size
        scale = min(1.0, self._width / width)
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = cv2.resize(frame.image, small, interpolation=cv2.INTER_AREA)
        jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()
        return Preview(**result.header(), jpeg=jpeg, size=(width, height))


class Publisher(Stage):
    """Publishes each result when its media time has come, counted from the first turn of the loop."""

    def __init__(self, played: Iterator[Smoothed], pictures: Pictures | None = None):
        super().__init__()
        self._played = played
        self._pictures = pictures
        self._next = next(played, None)
        self._started: float | None = None
        self._said: Smoothed | None = None

    @override
    def tick(self, now: float) -> Iterator[Envelope]:
        """Publish what is due."""
        if self._next is not None and self._started is None:
            self._started = now + BEAT_S - self._next.pts  # viewers hear of the epoch first
        while self._next is not None and self._started is not None and now >= self._started + self._next.pts:
            self._said = structs.replace(self._next, captured_ns=time.time_ns())
            if self._pictures and (preview := self._pictures.of(self._said)):
                yield Envelope("preview", self._said.source, preview)
            yield Envelope("smoothed", self._said.source, self._said)
            self.meter.count("out")
            self._next = next(self._played, None)
        self.finished = self._next is None

    @override
    def wake_in(self, now: float) -> float:
        if self._next is None or self._started is None:
            return 0.0
        return min(BEAT_S, max(0.0, self._started + self._next.pts - now))
