"""Rows `classifier/…`: the classifier as the stage loads it against torch eager, one thread each, the same weights."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.detection import read_images
from benchmarks.measure import Row, alternate, milliseconds
from benchmarks.pictures import crowd
from benchmarks.plan import Plan
from benchmarks.seed_loop import MODEL
from classifier.backends import load_classifier, softmax, torch_network
from classifier.preprocess import prepare
from classifier.release import MODELS, load_release
from detector.crops import roll, square_crop
from training.view import pipeline_detector

BATCHES = (1, 8)
OTHERS = {"emotion-net": MODEL, "emotion-lite": "emotion-net"}
"""Our other networks, and the one each is compared with."""

Classify = Callable[[Sequence[np.ndarray]], np.ndarray]


def rows(plan: Plan) -> Iterator[Row]:
    """Time per batch of crops, both from the same crops on; then whether both say the same."""
    released = {model: load_classifier(model, MODELS, device="cpu", threads=1) for model in (MODEL, *OTHERS)}
    ours, eager = released[MODEL], reference(MODEL)
    crops = shifted_crops()
    for size in BATCHES:
        sides: dict[str, tuple[Callable[[Sequence[np.ndarray]], object], ...]] = {"batch": (ours.classify, eager)}
        sides |= {model: (released[model].classify, released[other].classify) for model, other in OTHERS.items()}
        for name, pair in sides.items():
            if plan.wants(f"classifier/{name}-{size}"):
                left, right = (milliseconds(partial(run, crops[:size])) for run in pair)
                yield Row(f"classifier/{name}-{size}", *alternate(left, right, plan.many(50, 8), warm_ups=2), "ms")
    if plan.wants("classifier/same-label"):
        pictures = faces_of(plan.images_dir) if plan.images_dir else crops
        mine = np.concatenate([ours.classify([one])[1] for one in pictures])
        its = np.concatenate([eager([one]) for one in pictures])
        yield Row("classifier/same-label", float((mine.argmax(1) == its.argmax(1)).mean()), 1.0, "share")
    if plan.faces is not None:
        for model in released:
            if plan.wants(f"classifier/{model}"):
                yield from parity(model, plan.faces, plan.many(100_000, 64))


def parity(model: str, data: Path, most: int) -> Iterator[Row]:
    """On labelled face pictures: how often both give one label, how far probabilities and accuracies are apart."""
    from training.data import read_pictures

    faces = read_pictures(data)
    chunks = np.array_split(np.arange(len(faces))[:most], max(min(len(faces), most) // 8, 1))
    ours, eager = load_classifier(model, MODELS, device="cpu", threads=1), reference(model, whole=True)
    mine = np.concatenate([ours.classify(list(faces.images[chunk]), whole=True)[1] for chunk in chunks])
    its = np.concatenate([eager(list(faces.images[chunk])) for chunk in chunks])
    labels = faces.labels[:most]
    yield Row(f"classifier/{model}/same-label", float((mine.argmax(1) == its.argmax(1)).mean()), 1.0, "share")
    yield Row(f"classifier/{model}/apart", float(np.quantile(np.abs(mine - its), 0.999)), None, "p99.9")
    accuracy, expected = (float((side.argmax(1) == labels).mean()) for side in (mine, its))
    yield Row(f"classifier/{model}/accuracy", accuracy, expected, "share")


def reference(model: str, *, whole: bool = False) -> Classify:
    """Torch eager on one thread, fed by the same preprocessing; crops, or pictures that are `whole`, to (N, 7)."""
    import torch

    torch.set_num_threads(1)
    release = load_release(model, MODELS)
    network = torch_network(release)

    def run(crops: Sequence[np.ndarray]) -> np.ndarray:
        with torch.inference_mode():
            logits = network(torch.from_numpy(prepare(crops, release.config.input, whole=whole))).numpy()
        return softmax(logits / release.config.temperature)

    return run


def faces_of(folder: Path, most: int = 200) -> list[np.ndarray]:
    """Crops of the faces in a folder's photos, as the detector stage cuts them."""
    finder = pipeline_detector(1)
    photos = ((photo, finder.detect(photo)) for _, photo in read_images(folder, most))
    found = (
        square_crop(photo, xyxy, roll=roll(landmarks))[0]
        for photo, faces in photos
        for xyxy, landmarks in zip(faces.xyxy, faces.landmarks, strict=True)
    )
    return list(islice(found, most))


def shifted_crops(count: int = 32) -> list[np.ndarray]:
    """Squares around one face, each a little elsewhere and of another size."""
    frame = crowd(1)
    shifts = np.random.default_rng(0).normal(0, 6, (count, 4))
    return [square_crop(frame, np.array([50, 40, 100, 105]) + shift)[0] for shift in shifts]
