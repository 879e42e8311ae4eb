"""Classifies the face in each image with a released model, or with --detect all faces in each photo.

python -m training.predict face.png
python -m training.predict party.jpg --detect --json
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import to_builtins

from classifier.backends import Classifier
from detector.crops import roll, square_crop
from detector.mtcnn import Detector
from detector.quality import measure
from shared.errors import SourceError
from shared.messages import EMOTIONS, Reason
from shared.pictures import load_picture
from shared.settings import DEFAULTS
from shared.values import thresholds
from training import command
from training.pictures import middle_square
from training.view import pipeline_detector

Faces = list[dict[str, Any]]
"""For each face its `label`, or None and the `reason`, and `probs` by label; if it was detected also `quality`, `xyxy`
and `confidence`."""


@dataclass(frozen=True)
class Answer:
    """The result for one image.

    Attributes:
        faces: the classified faces.
        left_out: the number of faces dropped because there were too many.
        uncertain: the number of faces dropped for low confidence.
    """

    faces: Faces
    left_out: int = 0
    uncertain: int = 0


def of_crop(picture: np.ndarray, classifier: Classifier) -> Answer:
    """Classifies the middle square of an image (H, W, 3) uint8 BGR as one face."""
    _, probs = classifier.classify([middle_square(picture)], whole=True)
    return Answer([_face(probs[0])])


def of_photo(picture: np.ndarray, classifier: Classifier, detector: Detector, least: float) -> Answer:
    """Classifies the faces detected in a photo (H, W, 3) uint8 BGR with at least `least` confidence, surest first."""
    found = detector.detect(picture)
    sure = found.confidence >= least
    boxes, confidences = found.xyxy[sure], found.confidence[sure]
    crops, qualities = [], []
    for xyxy, landmarks in zip(boxes, found.landmarks[sure], strict=True):
        tilt = roll(landmarks)
        crop, square = square_crop(picture, xyxy, roll=tilt)
        crops.append(crop)
        qualities.append(measure(crop, square, xyxy, landmarks, tilt))
    _, probs = classifier.classify(crops, qualities)
    faces = [
        _face(row, classifier.reason(quality))
        | {"quality": to_builtins(quality), "xyxy": xyxy.round(1).tolist(), "confidence": round(float(confidence), 4)}
        for row, quality, xyxy, confidence in zip(probs, qualities, boxes.astype(float), confidences, strict=True)
    ]
    return Answer(faces, found.dropped, int((~sure).sum()))


def _face(probs: np.ndarray, reason: Reason | None = None) -> dict[str, Any]:
    by_label = dict(zip(EMOTIONS, probs.astype(float).round(4).tolist(), strict=True))
    return {"label": None if reason else EMOTIONS[probs.argmax()], "reason": reason, "probs": by_label}


def table(answers: dict[str, Answer]) -> str:
    """The answers as a readable table with a line per face."""
    width = max(map(len, answers), default=0)
    lines = [f"{'':{width}}  face " + " ".join(f"{label:>8}" for label in EMOTIONS)]
    for name, answer in answers.items():
        for number, face in enumerate(answer.faces, 1):
            shares = " ".join(f"{share:8.1%}" for share in face["probs"].values())
            place = " at " + ", ".join(f"{edge:.0f}" for edge in face["xyxy"]) if "xyxy" in face else ""
            said = face["label"] or f"cannot be read: {face['reason']}"
            lines.append(f"{name:{width}}  {number:4} {shares}  {said}{place}")
        if not answer.faces:
            lines.append(f"{name:{width}}     - no face found")
    return "\n".join(lines)


def main() -> int:
    """Entry point."""
    return command.run("training.predict", lambda: _predict(_arguments()))


def _predict(arguments: argparse.Namespace) -> int:
    classifier = command.exact_classifier(arguments)
    answer = partial(of_crop, classifier=classifier)
    if arguments.detect:
        settings = {"detect_thresholds": arguments.thresholds, "max_faces": arguments.max_faces}
        detector = pipeline_detector(arguments.threads, **settings)
        answer = partial(of_photo, classifier=classifier, detector=detector, least=arguments.confidence)
    answers = dict(_answers(arguments, answer))
    if arguments.json:
        rows = [{"image": name, "faces": one.faces, "left_out": one.left_out} for name, one in answers.items()]
        print(json.dumps(rows))
    elif answers:
        print(table(answers))
    return 0 if answers else SourceError.exit_code


def _answers(arguments: argparse.Namespace, answer: Callable[[np.ndarray], Answer]) -> Iterator[tuple[str, Answer]]:
    """Each file with its answer; unreadable files and faces left out are reported on stderr."""
    for path in arguments.images:
        try:
            picture = load_picture(path, str(path), arguments.max_pixels, limit="--max-pixels")
        except SourceError as error:
            _say(str(error))
            continue
        found = answer(picture.image)
        if picture.fault:
            _say(picture.fault)
        if found.left_out:
            _say(f"{path}: faces left out beyond --max-faces {arguments.max_faces}: {found.left_out}")
        if found.uncertain:
            _say(f"{path}: faces left out below --confidence {arguments.confidence:g}: {found.uncertain}")
        yield str(path), found


def _say(line: str) -> None:
    print(f"training.predict: {line}", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.predict", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("--detect", action="store_true", help="the images are photos: detect the faces first")
    parser.add_argument(
        "--confidence",
        type=command.number(float, 0, 1),
        default=DEFAULTS.detect_confidence,
        help=f"with --detect: least confidence of a face (default: {DEFAULTS.detect_confidence:g})",
    )
    parser.add_argument(
        "--thresholds",
        type=thresholds,
        default=DEFAULTS.detect_thresholds,
        metavar="P,R,O",
        help="with --detect: MTCNN's score thresholds for P-Net, R-Net and O-Net "
        f"(default: {','.join(map(str, DEFAULTS.detect_thresholds))})",
    )
    parser.add_argument(
        "--max-faces",
        type=command.number(int, 1),
        default=DEFAULTS.max_faces,
        help=f"with --detect: most faces per image; the largest are kept (default: {DEFAULTS.max_faces})",
    )
    parser.add_argument(
        "--max-pixels",
        type=command.number(int, 1),
        default=DEFAULTS.max_pixels,
        help=f"most pixels per image; larger ones are refused (default: {DEFAULTS.max_pixels})",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    default = DEFAULTS.classifier_model
    parser.add_argument(
        "--model", default=default, help=f"the name of a released model, or the path of its folder (default: {default})"
    )
    command.model_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
