"""Our detector against facenet-pytorch's MTCNN.detect: python -m benchmarks.detector --clips FOLDER.

Both sides see the same frames in turn, on one thread each and with the same `min_face_size`. Recall: of the
reference's boxes with confidence >= 0.9, how many have one of ours (>= 0.8) at IoU >= 0.7. Precision: of ours >= 0.9,
how many have any of the reference's. With hints: of our full scan's boxes with confidence >= 0.9, how many are found at
IoU >= 0.6 by a detector that is told, as in a replay, where faces were some frames before.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from statistics import mean, median
from typing import Any

import cv2
import numpy as np

from capture.hints import Hints
from detector.mtcnn import Detector
from shared.boxes import overlaps
from shared.errors import AffectError
from shared.scene import signature
from shared.settings import load_settings
from smoother.tracking import Tracks, track
from training.view import pipeline_detector

CLIPS = ("facenet_pytorch_video", "liveportrait_s18", "pyfeat_single_face", "face_recognition_short_hamilton")
MIN_FACE_SIZES = (20, 40)
HINTED_FRAMES = 300
REFERENCE_EVERY = 10


@dataclass(frozen=True)
class Comparison:
    """Times in milliseconds per frame (medians), and how many of each side's `total` boxes the other side `found`."""

    ours_ms: float
    reference_ms: float
    found: int
    total: int
    confirmed: int
    ours_total: int

    @property
    def recall(self) -> float:
        """Share of the reference's confident boxes that ours has too; 1 where there are none."""
        return self.found / self.total if self.total else 1.0

    @property
    def precision(self) -> float:
        """Share of our confident boxes that the reference has too; 1 where there are none."""
        return self.confirmed / self.ours_total if self.ours_total else 1.0


def frames(path: Path, every: int) -> Iterator[np.ndarray]:
    """Every n-th frame of a video, (H, W, 3) uint8 BGR."""
    video = cv2.VideoCapture(str(path))
    for index in count():
        if not video.grab():
            return
        if index % every == 0:
            yield video.retrieve()[1]


def rate(path: Path) -> float:
    """Frames per second that a video states."""
    return float(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS)) or 25.0


def reference(min_face_size: int) -> Any:
    """facenet-pytorch's detector as its users build it, on one thread."""
    import torch
    from facenet_pytorch import MTCNN

    torch.set_num_threads(1)
    return MTCNN(keep_all=True, min_face_size=min_face_size, post_process=False, select_largest=False, device="cpu")


def ours(min_face_size: int) -> Detector:
    """Our detector with the reference's settings, on one thread."""
    settings = {"detect_thresholds": (0.6, 0.7, 0.7), "detect_max_side": 0, "max_faces": 200}
    return pipeline_detector(1, min_face_size=min_face_size, **settings)


Boxes = tuple[np.ndarray, np.ndarray]
"""Boxes (N, 4) clipped to the frame, and their confidences (N,)."""


def compare(
    pictures: Iterable[np.ndarray],
    detector: Detector,
    other: Any,
    told: Callable[[Boxes, Boxes], None] | None = None,
) -> Comparison:
    """Run both on each picture in turn; `told` hears what both found.

    The first picture of each size is shown twice, and the first time does not count: our networks are compiled for it.
    """
    times: list[tuple[float, float]] = []
    sizes: set[tuple[int, ...]] = set()
    counts = np.zeros(4, int)
    for picture in pictures:
        rgb = np.ascontiguousarray(picture[:, :, ::-1])
        if picture.shape not in sizes:
            sizes.add(picture.shape)
            detector.detect(picture), other.detect(rgb)
        start = time.perf_counter()
        detections = detector.detect(picture)
        middle = time.perf_counter()
        boxes, confidence = other.detect(rgb)
        times.append((middle - start, time.perf_counter() - middle))
        if boxes is None:
            boxes, confidence = np.empty((0, 4)), np.empty(0)
        height, width = picture.shape[:2]
        clipped = boxes.astype(np.float64).clip(0, [width, height, width, height])
        matches = overlaps(clipped, detections.xyxy) >= 0.7
        confident, ours_confident = confidence.astype(float) >= 0.9, detections.confidence >= 0.9
        found = matches[confident][:, detections.confidence >= 0.8].any(axis=1).sum()
        confirmed = matches[:, ours_confident].any(axis=0).sum()
        counts += [found, confident.sum(), confirmed, ours_confident.sum()]
        if told is not None:
            told((detections.xyxy, detections.confidence), (clipped, confidence.astype(float)))
    if not times:
        raise AffectError("no picture could be read")
    milliseconds = [median(side) * 1e3 for side in zip(*times, strict=True)]
    return Comparison(milliseconds[0], milliseconds[1], *counts.tolist())


@dataclass(frozen=True)
class Hinted:
    """Mean milliseconds per frame, of ours with hints; how many of the `total` boxes of full scans these `found`."""

    ours_ms: float
    reference_ms: float
    found: int
    total: int

    @property
    def recall(self) -> float:
        """Share of the full scan's confident boxes found with hints."""
        return self.found / self.total if self.total else 1.0


def compare_hints(pictures: Iterable[np.ndarray], fps: float, detector: Detector, other: Any = None) -> Hinted:
    """Follow the tracked faces through consecutive frames as capture, detector and smoother do, scans included.

    The reference, where given, takes its turn at every REFERENCE_EVERY-th frame.
    """
    settings = load_settings()
    hints, tracks = Hints(settings.hint_lag, settings.scan_seconds), Tracks()
    times: list[float] = []
    its: list[float] = []
    counts = np.zeros(2, int)
    for seq, picture in enumerate(pictures):
        if not times:
            detector.detect(picture)
        colours = signature(picture)
        hints.note(seq, colours)
        scan = hints.scan_is_due(seq, seq / fps, (seq - 1) / fps if seq else None)
        told = None if scan else np.array(hints.of(seq), np.float32).reshape(-1, 4)
        start = time.perf_counter()
        seen = detector.detect(picture, told)
        times.append(time.perf_counter() - start)
        if other is not None and seq % REFERENCE_EVERY == 0:
            rgb = np.ascontiguousarray(picture[:, :, ::-1])
            start = time.perf_counter()
            other.detect(rgb)
            its.append(time.perf_counter() - start)
        tracks, index = track(tracks, seen.xyxy, seen.confidence, seq / fps, colours, seen.scanned)
        listed = zip(index, seen.xyxy.tolist(), strict=True)
        hints.learn(seq, seq / fps, [(tracks.tracks[row].track_id, box) for row, box in listed if row is not None])
        whole = seen if seen.scanned else detector.detect(picture)
        wanted = whole.xyxy[whole.confidence >= 0.9]
        counts += [(overlaps(wanted, seen.xyxy) >= 0.6).any(axis=1).sum(), len(wanted)]
    return Hinted(mean(times) * 1e3, mean(its) * 1e3 if its else float("nan"), *counts.tolist())


def main(arguments: list[str]) -> None:
    """Print a line per clip and smallest face size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detector", description=__doc__)
    parser.add_argument("--clips", type=Path, required=True, help="folder with the clips")
    parser.add_argument("--every", type=int, default=5, help="look at every n-th frame")
    options = parser.parse_args(arguments)
    paths = sorted(path for path in options.clips.iterdir() if path.stem in CLIPS)
    if not paths:
        parser.error(f"{options.clips} has none of the clips {', '.join(CLIPS)}")
    print(f"{'clip':34}{'min face':>9}{'ours ms':>9}{'ref. ms':>9}{'ratio':>7}{'recall':>18}{'precision':>18}")
    for size in MIN_FACE_SIZES:
        detector, other = ours(size), reference(size)
        for path in paths:
            result = compare(frames(path, options.every), detector, other)
            precision = f"{result.precision:.4f} of {result.ours_total}"
            _print(path.stem, size, result.ours_ms, result.reference_ms, result.recall, result.total, precision)
            consecutive = islice(frames(path, 1), HINTED_FRAMES)
            hinted = compare_hints(consecutive, rate(path), pipeline_detector(1, min_face_size=size), other)
            _print("  with hints", size, hinted.ours_ms, hinted.reference_ms, hinted.recall, hinted.total)


def _print(
    name: str, size: int, ours_ms: float, reference_ms: float, recall: float, total: int, precision: str = ""
) -> None:
    figures = f"{ours_ms:9.1f}{reference_ms:9.1f}{reference_ms / ours_ms:7.1f}"
    print(f"{name:34}{size:9}{figures}{f'{recall:.4f} of {total}':>18}{precision:>18}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
