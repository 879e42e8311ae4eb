"""Rows `detector/…`: our detector against facenet-pytorch's, one thread each, both with faces from 20 pixels."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks import detector
from benchmarks.measure import Row
from benchmarks.plan import Plan

MIN_FACE_SIZE = 20


def rows(plan: Plan) -> Iterator[Row]:
    """Time per frame, and how many of each side's confident boxes the other has as well, for each clip."""
    ours, reference = detector.ours(MIN_FACE_SIZE, plan.scratch), detector.reference(MIN_FACE_SIZE)
    for name, path, pictures in _pictures(plan):
        if not plan.wants(f"detector/{name}"):
            continue
        result = detector.compare(pictures, ours, reference)
        yield Row(f"detector/{name}/full", result.ours_ms, result.reference_ms, "ms")
        yield Row(f"detector/{name}/recall", result.recall, 1.0, "share")
        yield Row(f"detector/{name}/precision", result.precision, 1.0, "share")
        if path is not None:
            consecutive = islice(detector.frames(path, 1), plan.many(detector.HINTED_FRAMES, 30))
            hinted = detector.compare_hints(consecutive, detector.rate(path), ours)
            yield Row(f"detector/{name}/hints", hinted.ours_ms, result.reference_ms, "ms")
            yield Row(f"detector/{name}/hints-recall", hinted.recall, 1.0, "share")


def _pictures(plan: Plan) -> Iterator[tuple[str, Path | None, Iterator[np.ndarray]]]:
    for clip in plan.clips():
        yield clip.stem, clip, detector.frames(clip, plan.many(3, 30))
    if plan.images_dir is not None:
        yield "images", None, read_images(plan.images_dir, plan.many(1000, 20))


def read_images(folder: Path, most: int) -> Iterator[np.ndarray]:
    """The first pictures of a folder and those below it that OpenCV can read, (H, W, 3) uint8 BGR."""
    for path in sorted(folder.rglob("*")):
        if most and path.is_file() and (picture := cv2.imread(str(path))) is not None:
            most -= 1
            yield np.asarray(picture, np.uint8)
