"""Rows `classifier/…`: the classifier as the stage loads it against torch eager, one thread each, the same weights."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from benchmarks.detection import read_images
from benchmarks.measure import Row, alternate, milliseconds
from benchmarks.pictures import crowd
from benchmarks.plan import Plan
from benchmarks.seed_loop import MODEL
from classifier.backends import load_classifier, softmax, torch_network
from classifier.preprocess import prepare
from classifier.release import MODELS, load_release
from detector.crops import square_crop

BATCHES = (1, 8)

Classify = Callable[[Sequence[np.ndarray]], np.ndarray]


def rows(plan: Plan) -> Iterator[Row]:
    """Time per batch of crops, both from the same crops on; then whether both say the same."""
    classifier = load_classifier(MODEL, MODELS, device="cpu", threads=1)
    eager = reference()
    crops = shifted_crops()
    for size in BATCHES:
        name = f"classifier/batch-{size}"
        if plan.wants(name):
            batch = crops[:size]
            sides = milliseconds(partial(classifier.classify, batch)), milliseconds(partial(eager, batch))
            yield Row(name, *alternate(*sides, plan.many(50, 8), warm_ups=2), "ms")
    if plan.wants("classifier/same-label"):
        pictures = list(read_images(plan.images_dir, 200)) if plan.images_dir else crops
        mine = np.concatenate([classifier.classify([one])[1] for one in pictures])
        its = np.concatenate([eager([one]) for one in pictures])
        yield Row("classifier/same-label", float((mine.argmax(1) == its.argmax(1)).mean()), 1.0, "share")


def reference() -> Classify:
    """Torch eager on one thread, fed by the same preprocessing; crops to probabilities (N, 7)."""
    import torch

    torch.set_num_threads(1)
    release = load_release(MODEL, MODELS)
    network = torch_network(release)

    def run(crops: Sequence[np.ndarray]) -> np.ndarray:
        with torch.inference_mode():
            logits = network(torch.from_numpy(prepare(crops, release.config.input))).numpy()
        return softmax(logits / release.config.temperature)

    return run


def shifted_crops(count: int = 32) -> list[np.ndarray]:
    """Squares around one face, each a little elsewhere and of another size."""
    frame = crowd(1)
    shifts = np.random.default_rng(0).normal(0, 6, (count, 4))
    return [square_crop(frame, np.array([50, 40, 100, 105]) + shift)[0] for shift in shifts]
