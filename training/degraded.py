"""Pictures made worse in known ways, through detector and crop: what networks say of them, and their quality.

The ways are those of conditions.py, and two that change the frame: `rolled`, and `small`, whose frame is shrunk.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from classifier.backends import Classifier
from detector.crops import roll, square_crop
from detector.mtcnn import Detections, Detector
from detector.quality import measure
from shared.boxes import overlaps
from shared.messages import Quality
from training.conditions import CONDITIONS, SMALLEST, worsened
from training.data import Faces
from training.view import ENLARGED, MIN_CONFIDENCE, framed, pipeline_detector

CLEAN = "as it is"
STRENGTHS = (1 / 3, 2 / 3, 1.0)
ROLL = 45.0
"""Degrees at full strength."""
FAINT = (0.05, 0.05, 0.02)
"""Thresholds with which the landmarks are found where the detector is not sure of a face."""
SAME_FACE = 0.3
"""IoU of a box with the undisturbed one."""


class Place(NamedTuple):
    """Where a face is in its frame, xyxy (4,) and landmarks (5, 2), and whether the detector was sure of it."""

    xyxy: np.ndarray
    landmarks: np.ndarray
    found: bool


@dataclass(frozen=True)
class Samples:
    """M faces in all conditions and strengths, of pictures in which the detector finds the undisturbed face.

    `picture` (M,) is the place in the set, `label` (M,), `condition` (M,) text, `strength` (M,), `found` (M,) bool;
    `logits` (M, 7) by model.
    """

    picture: np.ndarray
    label: np.ndarray
    condition: np.ndarray
    strength: np.ndarray
    found: np.ndarray
    quality: list[Quality]
    logits: dict[str, np.ndarray]


def ways() -> Iterator[tuple[str, float]]:
    """Each condition with each strength; first the pictures as they are."""
    yield CLEAN, 0.0
    for condition in (*CONDITIONS, "rolled"):
        for strength in STRENGTHS:
            yield condition, strength


def gather(faces: Faces, classifiers: Mapping[str, Classifier], threads: int, every: int = 1) -> Samples:
    """All faces as they are, and every so many-th of the pictures in all conditions, classified by each model."""
    sure = pipeline_detector(threads)
    faint = pipeline_detector(threads, detect_thresholds=FAINT)
    known: dict[int, Place] = {}
    rows: list[tuple[int, str, float, bool]] = []
    qualities: list[Quality] = []
    logits: dict[str, list[np.ndarray]] = {name: [] for name in classifiers}
    for condition, strength in ways():
        images = worsened(faces.images, condition, strength) if _is_of_the_picture(condition) else faces.images
        crops = []
        for picture in range(len(faces)) if condition == CLEAN else [one for one in known if one % every == 0]:
            frame, moved = in_frame(images[picture], condition, strength)
            place = _place(frame, sure, faint, _moved(known[picture], moved) if picture in known else None)
            if place is None:
                continue
            if condition == CLEAN:
                known[picture] = place
            angle = roll(place.landmarks)
            crop, square = square_crop(frame, place.xyxy, roll=angle)
            crops.append(crop)
            qualities.append(measure(crop, square, place.xyxy, place.landmarks, angle))
            rows.append((picture, condition, strength, place.found))
        for name, classifier in classifiers.items():
            logits[name].append(classifier.classify(crops)[0])
    pictures, conditions, strengths, found = map(np.array, zip(*rows, strict=True))
    answers = {name: np.concatenate(parts) for name, parts in logits.items()}
    return Samples(pictures, faces.labels[pictures], conditions, strengths, found, qualities, answers)


def in_frame(image: np.ndarray, condition: str, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture's frame (H, W, 3), shrunk or rolled, and how that moved its points: (2, 3), affine."""
    frame = framed(image)
    side = len(frame)
    if condition == "small":
        scale = len(image) * (SMALLEST / 48) ** strength / ENLARGED
        small = round(side * scale)
        shrunk = cv2.resize(frame, (small, small), interpolation=cv2.INTER_AREA)
        return np.asarray(shrunk), np.array([[scale, 0, 0], [0, scale, 0]])
    if condition == "rolled":
        centre = (side - 1) / 2
        moved = cv2.getRotationMatrix2D((centre, centre), -ROLL * strength, 1)
        return np.asarray(cv2.warpAffine(frame, moved, (side, side), borderMode=cv2.BORDER_REPLICATE)), moved
    return frame, np.eye(2, 3)


def _is_of_the_picture(condition: str) -> bool:
    return condition in CONDITIONS and condition != "small"


def _place(frame: np.ndarray, sure: Detector, faint: Detector, known: Place | None) -> Place | None:
    """The surest face of a frame; failing that, what may be one where a face is known, or that place itself."""
    found = sure.detect(frame)
    if len(found) and found.confidence[0] >= MIN_CONFIDENCE:
        return Place(found.xyxy[0], found.landmarks[0], found=True)
    return _near(faint.detect(frame, known.xyxy[None]), known) if known else None


def _near(found: Detections, known: Place) -> Place:
    shares = overlaps(found.xyxy.astype(np.float64), known.xyxy[None])[:, 0]
    if not len(shares) or shares.max() < SAME_FACE:
        return known
    best = int(shares.argmax())
    return Place(found.xyxy[best], found.landmarks[best], found=False)


def _moved(place: Place, by: np.ndarray) -> Place:
    """A place in the frame moved by an affine map without shear (2, 3); the box stays upright."""
    scale = float(np.hypot(*by[:, 0]))
    middle, half = place.xyxy.reshape(2, 2).mean(0), (place.xyxy[2:] - place.xyxy[:2]) / 2
    centre = by[:, :2] @ middle + by[:, 2]
    landmarks = place.landmarks @ by[:, :2].T + by[:, 2]
    return Place(np.concatenate([centre - half * scale, centre + half * scale]), landmarks, found=False)
