"""Says what a released model reads in single pictures: of one face each, or with --detect photos with any number.

python -m training.predict face.png
python -m training.predict party.jpg --detect --json
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from classifier.backends import Classifier
from detector.crops import roll, square_crop
from detector.mtcnn import Detector
from shared.errors import SourceError
from shared.messages import EMOTIONS
from shared.pictures import load_picture
from shared.settings import DEFAULTS
from shared.values import thresholds
from training import command
from training.pictures import middle_square
from training.view import pipeline_detector

Faces = list[dict[str, Any]]
"""A picture's faces: `label`, `probs` by label, and where they were detected `xyxy` and `confidence`."""


@dataclass(frozen=True)
class Answer:
    """What is read in a picture.

    Attributes:
        faces: those that are answered.
        left_out: how many more were found, beyond the limit on faces.
        uncertain: how many were found with too little confidence.
    """

    faces: Faces
    left_out: int = 0
    uncertain: int = 0


def of_crop(picture: np.ndarray, classifier: Classifier) -> Answer:
    """The one face that the middle square of a picture (H, W, 3) shows."""
    _, probs = classifier.classify([middle_square(picture)], whole=True)
    return Answer([_face(probs[0])])


def of_photo(picture: np.ndarray, classifier: Classifier, detector: Detector, least: float) -> Answer:
    """The faces that the detector finds in a photo (H, W, 3) with a confidence of at least `least`, surest first."""
    found = detector.detect(picture)
    sure = found.confidence >= least
    boxes, confidences = found.xyxy[sure], found.confidence[sure]
    tilts = map(roll, found.landmarks[sure])
    _, probs = classifier.classify(
        [square_crop(picture, xyxy, roll=tilt)[0] for xyxy, tilt in zip(boxes, tilts, strict=True)]
    )
    faces = [
        _face(row) | {"xyxy": xyxy.round(1).tolist(), "confidence": round(float(confidence), 4)}
        for row, xyxy, confidence in zip(probs, boxes.astype(float), confidences, strict=True)
    ]
    return Answer(faces, found.dropped, int((~sure).sum()))


def _face(probs: np.ndarray) -> dict[str, Any]:
    by_label = dict(zip(EMOTIONS, probs.astype(float).round(4).tolist(), strict=True))
    return {"label": EMOTIONS[probs.argmax()], "probs": by_label}


def table(answers: dict[str, Answer]) -> str:
    """The answers as text for people, a line per face."""
    width = max(map(len, answers), default=0)
    lines = [f"{'':{width}}  face " + " ".join(f"{label:>8}" for label in EMOTIONS)]
    for name, answer in answers.items():
        for number, face in enumerate(answer.faces, 1):
            shares = " ".join(f"{share:8.1%}" for share in face["probs"].values())
            place = " at " + ", ".join(f"{edge:.0f}" for edge in face["xyxy"]) if "xyxy" in face else ""
            lines.append(f"{name:{width}}  {number:4} {shares}  {face['label']}{place}")
        if not answer.faces:
            lines.append(f"{name:{width}}     - no face found")
    return "\n".join(lines)


def main() -> int:
    """Entry point."""
    return command.run("training.predict", lambda: _predict(_arguments()))


def _predict(arguments: argparse.Namespace) -> int:
    classifier = command.exact_classifier(arguments)
    with tempfile.TemporaryDirectory() if arguments.detect else nullcontext("") as cache:
        answer = partial(of_crop, classifier=classifier)
        if arguments.detect:
            settings = {"detect_thresholds": arguments.thresholds, "max_faces": arguments.max_faces}
            detector = pipeline_detector(arguments.threads, Path(cache), **settings)
            answer = partial(of_photo, classifier=classifier, detector=detector, least=arguments.confidence)
        answers = dict(_answers(arguments, answer))
    if arguments.json:
        rows = [{"image": name, "faces": one.faces, "left_out": one.left_out} for name, one in answers.items()]
        print(json.dumps(rows))
    elif answers:
        print(table(answers))
    return 0 if answers else SourceError.exit_code


def _answers(arguments: argparse.Namespace, answer: Callable[[np.ndarray], Answer]) -> Iterator[tuple[str, Answer]]:
    """What is read by file; a file that cannot be read, and faces that are left out, get a line on stderr."""
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
    parser.add_argument("--detect", action="store_true", help="the pictures are photos: find the faces first")
    parser.add_argument(
        "--confidence",
        type=command.number(float, 0, 1),
        default=DEFAULTS.detect_confidence,
        help=f"with --detect: leave less certain faces out (default: {DEFAULTS.detect_confidence:g})",
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
        help=f"with --detect: limit on faces in a picture, the largest come first (default: {DEFAULTS.max_faces})",
    )
    parser.add_argument(
        "--max-pixels",
        type=command.number(int, 1),
        default=DEFAULTS.max_pixels,
        help=f"refuse larger pictures (default: {DEFAULTS.max_pixels})",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    default = DEFAULTS.classifier_model
    parser.add_argument(
        "--model", default=default, help=f"a released model's name, or a path to its folder (default: {default})"
    )
    command.model_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
