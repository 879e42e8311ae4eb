"""Fits the part of the detector's crop that a network sees, on images passed through detector and crop."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial

import cv2
import msgspec
import numpy as np

from classifier.backends import Classifier
from detector.crops import roll, square_crop
from detector.mtcnn import Detector
from shared.settings import DEFAULTS
from training.data import Faces
from training.metrics import negative_log_likelihood

ENLARGED = 192
"""Side in pixels to which an image is enlarged before detection."""
BORDER = 96
MIN_CONFIDENCE = DEFAULTS.detect_confidence
"""The pipeline does not classify faces below it."""
VIEWS = (0.81, 0.85, 0.89, 0.93, 0.97, 1.01, 1.05)
OFFSETS = (-0.06, -0.03, 0.0, 0.03, 0.06, 0.09, 0.12)


@dataclass(frozen=True)
class Found:
    """The images in which a face is detected: indices (M,) into the set, labels (M,), M crops (s, s) uint8 grey."""

    index: np.ndarray
    labels: np.ndarray
    crops: list[np.ndarray]

    def every(self, step: int) -> "Found":
        """Every `step`-th of them."""
        return Found(self.index[::step], self.labels[::step], self.crops[::step])


def find(faces: Faces, threads: int) -> Found:
    """Enlarges each image into a frame with replicated edges and crops the surest face, as the pipeline does."""
    found = list(_crops(faces.images, pipeline_detector(threads)))
    index = np.array([place for place, _ in found], np.int64)
    return Found(index, faces.labels[index], [crop for _, crop in found])


def pipeline_detector(threads: int, **changed: object) -> Detector:
    """The detector with the pipeline's default settings, except those given."""
    return Detector(DEFAULTS.model_copy(update={"threads": threads, "device": "cpu", **changed}))


def framed(image: np.ndarray) -> np.ndarray:
    """A picture (S, S) uint8 grey, enlarged, in a frame (H, W, 3) BGR with replicated edges."""
    enlarged = cv2.resize(image, (ENLARGED, ENLARGED), interpolation=cv2.INTER_CUBIC)
    bordered = cv2.copyMakeBorder(enlarged, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(bordered, cv2.COLOR_GRAY2BGR))


def _crops(images: np.ndarray, detector: Detector) -> Iterator[tuple[int, np.ndarray]]:
    for place, image in enumerate(images):
        frame = framed(image)
        detections = detector.detect(frame)
        if len(detections) and detections.confidence[0] >= MIN_CONFIDENCE:
            crop, _ = square_crop(frame, detections.xyxy[0], roll=roll(detections.landmarks[0]))
            yield place, crop[:, :, 0].copy()


def fit(classifier: Classifier, found: Found) -> tuple[float, float]:
    """The view and vertical offset that minimise the negative log-likelihood, fitted in turn until neither changes."""
    loss = cache(partial(_loss, classifier, found))
    best, before = (VIEWS[len(VIEWS) // 2], 0.0), None
    while best != before:
        before = best
        view = min(VIEWS, key=lambda view: loss(view, before[1]))
        best = view, min(OFFSETS, key=partial(loss, view))
    return best


def _loss(classifier: Classifier, found: Found, view: float, view_dy: float) -> float:
    spec = msgspec.structs.replace(classifier.spec, view=view, view_dy=view_dy)
    _, probs = classifier.seeing(spec).classify(found.crops)
    return negative_log_likelihood(probs, found.labels)
