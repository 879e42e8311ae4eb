"""Rows `detector/…`: our detector against facenet-pytorch's, one thread each, both with faces from 20 pixels."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks import detector
from benchmarks.measure import Row
from benchmarks.plan import Plan
from benchmarks.truth import Tally, read_marked
from detector.mtcnn import Detector
from shared.formats import PICTURE_SUFFIXES
from training.view import pipeline_detector

MIN_FACE_SIZE = 20


def rows(plan: Plan) -> Iterator[Row]:
    """Time per frame, and how many of each side's confident boxes the other has as well, in clips and photos."""
    ours, reference = detector.ours(MIN_FACE_SIZE), detector.reference(MIN_FACE_SIZE)
    shipped = pipeline_detector(1, min_face_size=MIN_FACE_SIZE)
    for clip in plan.clips():
        name = f"detector/{clip.stem}"
        if not plan.wants(name):
            continue
        yield from _whole(name, detector.compare(detector.frames(clip, plan.many(3, 30)), ours, reference))
        consecutive = islice(detector.frames(clip, 1), plan.many(detector.HINTED_FRAMES, 30))
        hinted = detector.compare_hints(consecutive, detector.rate(clip), shipped, reference)
        yield Row(f"{name}/hints", hinted.ours_ms, hinted.reference_ms, "ms")
        yield Row(f"{name}/hints-recall", hinted.recall, 1.0, "share")
    if plan.images_dir is not None and plan.wants("detector/images"):
        yield from _photos(plan.images_dir, plan.many(1000, 20), ours, reference)


def _whole(name: str, result: detector.Comparison, what: str = "full") -> Iterator[Row]:
    yield Row(f"{name}/{what}", result.ours_ms, result.reference_ms, "ms")
    yield Row(f"{name}/recall", result.recall, 1.0, "share")
    yield Row(f"{name}/precision", result.precision, 1.0, "share")


def _photos(folder: Path, most: int, ours: Detector, reference: Any) -> Iterator[Row]:
    """Photos; where people marked the faces in them, also how many of these both sides find."""
    marked, tally = read_marked(folder), Tally()
    shown: list[str] = []

    def photos() -> Iterator[np.ndarray]:
        for name, picture in read_images(folder, most):
            shown.append(name)
            yield picture

    def told(mine: detector.Boxes, its: detector.Boxes) -> None:
        if shown[-1] in marked:
            tally.add(marked[shown[-1]], mine, its)

    result = detector.compare(photos(), ours, reference, told)
    yield from _whole("detector/images", result, "photo")
    if tally.marked:
        yield Row("detector/images/marked-recall", tally.recall("ours"), tally.recall("reference"), "share")
        yield Row("detector/images/marked-precision", tally.precision("ours"), tally.precision("reference"), "share")
        found, its, confirmed, mine = tally.bare.tolist()
        yield Row("detector/images/bare-recall", found / max(its, 1), 1.0, "share")
        yield Row("detector/images/bare-precision", confirmed / max(mine, 1), 1.0, "share")


def read_images(folder: Path, most: int) -> Iterator[tuple[str, np.ndarray]]:
    """The first pictures in a folder that OpenCV can read: name without ending, (H, W, 3) uint8 BGR."""
    for path in sorted(folder.rglob("*")):
        if most and path.suffix.lower() in PICTURE_SUFFIXES and (picture := cv2.imread(str(path))) is not None:
            most -= 1
            yield path.stem, np.asarray(picture, np.uint8)
