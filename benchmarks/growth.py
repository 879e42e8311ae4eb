"""Rows `faces/…` and `size/…`: the cost of a frame with more faces and more pixels, one thread on both sides."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks import detector
from benchmarks.measure import Row, alternate, milliseconds
from benchmarks.pictures import crowd
from benchmarks.plan import Plan
from benchmarks.seed_loop import MODEL, SeedLoop
from capture.demo import demo_frame
from classifier.backends import load_classifier
from classifier.release import MODELS
from detector.crops import roll, square_crop

FACES = (1, 2, 4, 8, 12, 16, 20)
SIZES = {"360p": (640, 360), "480p": (854, 480), "720p": (1280, 720), "1080p": (1920, 1080)}
MIN_FACE_SIZE = 40


def faces(plan: Plan) -> Iterator[Row]:
    """Detection and classification of a 1280x720 frame with so many faces of 64 pixels."""
    ours, loop = work(), SeedLoop(MIN_FACE_SIZE, threads=1)
    for count in FACES if not plan.quick else (1, 8):
        if plan.wants(f"faces/{count}"):
            frame = crowd(count)
            timed = milliseconds(partial(ours, frame)), milliseconds(partial(loop.step, frame, classify=True))
            yield Row(f"faces/{count}", *alternate(*timed, rounds=plan.many(15, 3), warm_ups=1), "ms")


def sizes(plan: Plan) -> Iterator[Row]:
    """Detection alone in the demo's first frame, whose face grows with the frame."""
    ours, reference = detector.ours(MIN_FACE_SIZE), detector.reference(MIN_FACE_SIZE)
    for name, size in SIZES.items():
        if plan.wants(f"size/{name}"):
            frame = demo_frame(0, size)
            rgb = np.ascontiguousarray(frame[..., ::-1])
            timed = milliseconds(partial(ours.detect, frame)), milliseconds(partial(reference.detect, rgb))
            yield Row(f"size/{name}", *alternate(*timed, rounds=plan.many(15, 3), warm_ups=1), "ms")


def work() -> Callable[[np.ndarray], int]:
    """What our stages do to a frame: detect, cut, classify; returns the number of faces."""
    finder = detector.ours(MIN_FACE_SIZE)
    classifier = load_classifier(MODEL, MODELS, device="cpu", threads=1)

    def run(frame: np.ndarray) -> int:
        found = finder.detect(frame)
        places = zip(found.xyxy, map(roll, found.landmarks), strict=True)
        crops = [square_crop(frame, xyxy, roll=tilt)[0] for xyxy, tilt in places]
        return len(classifier.classify(crops)[0])

    return run
