"""Says what a released model reads in single pictures: of one face each, or with --detect photos with any number.

python -m training.predict face.png
python -m training.predict party.jpg --detect --json
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from classifier.backends import Classifier
from detector.crops import roll, square_crop
from detector.mtcnn import Detector
from shared.errors import SourceError
from shared.messages import EMOTIONS
from shared.settings import DEFAULTS
from training import command
from training.view import MIN_CONFIDENCE, pipeline_detector

Faces = list[dict[str, Any]]
"""A picture's faces: `label`, `probs` by label, and where they were detected `xyxy` and `confidence`."""


def read_picture(path: Path) -> np.ndarray:
    """A picture (H, W, 3) uint8 BGR; SourceError where the file is missing or no picture."""
    try:
        content = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    picture = cv2.imdecode(content, cv2.IMREAD_COLOR) if len(content) else None
    if picture is None:
        raise SourceError(f"{path}: not a picture that OpenCV reads; give JPEG, PNG, WebP or BMP")
    return picture


def of_crop(picture: np.ndarray, classifier: Classifier) -> Faces:
    """The one face that the middle square of a picture (H, W, 3) shows."""
    height, width = picture.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    _, probs = classifier.classify([picture[top : top + side, left : left + side]], whole=True)
    return [_face(probs[0])]


def of_photo(picture: np.ndarray, classifier: Classifier, detector: Detector) -> Faces:
    """All faces that the detector finds in a photo (H, W, 3), most confident first."""
    found = detector.detect(picture)
    if found.dropped:
        print(f"training.predict: {found.dropped} more faces are left out, {len(found)} are the most", file=sys.stderr)
    sure = found.confidence >= MIN_CONFIDENCE
    boxes, confidences = found.xyxy[sure], found.confidence[sure]
    tilts = map(roll, found.landmarks[sure])
    _, probs = classifier.classify(
        [square_crop(picture, xyxy, roll=tilt)[0] for xyxy, tilt in zip(boxes, tilts, strict=True)]
    )
    return [
        _face(row) | {"xyxy": xyxy.round(1).tolist(), "confidence": round(float(confidence), 4)}
        for row, xyxy, confidence in zip(probs, boxes.astype(float), confidences, strict=True)
    ]


def _face(probs: np.ndarray) -> dict[str, Any]:
    by_label = dict(zip(EMOTIONS, probs.astype(float).round(4).tolist(), strict=True))
    return {"label": EMOTIONS[probs.argmax()], "probs": by_label}


def table(results: dict[str, Faces]) -> str:
    """The answers as text for people, a line per face."""
    width = max(map(len, results), default=0)
    lines = [f"{'':{width}}  face " + " ".join(f"{label:>8}" for label in EMOTIONS)]
    for name, faces in results.items():
        for number, face in enumerate(faces, 1):
            shares = " ".join(f"{share:8.1%}" for share in face["probs"].values())
            place = " at " + ", ".join(f"{edge:.0f}" for edge in face["xyxy"]) if "xyxy" in face else ""
            lines.append(f"{name:{width}}  {number:4} {shares}  {face['label']}{place}")
        if not faces:
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
            detector = pipeline_detector(arguments.threads, Path(cache))
            answer = partial(of_photo, classifier=classifier, detector=detector)
        results = _answers(arguments.images, answer)
    if arguments.json:
        print(json.dumps([{"image": name, "faces": faces} for name, faces in results.items()]))
    elif results:
        print(table(results))
    return 0 if results else SourceError.exit_code


def _answers(paths: list[Path], answer: Callable[[np.ndarray], Faces]) -> dict[str, Faces]:
    """The faces by file; a file that cannot be read gets a line on stderr instead."""
    results = {}
    for path in paths:
        try:
            results[str(path)] = answer(read_picture(path))
        except SourceError as error:
            print(f"training.predict: {error}", file=sys.stderr)
    return results


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.predict", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    parser.add_argument("--detect", action="store_true", help="the pictures are photos: find the faces first")
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    default = DEFAULTS.classifier_model
    parser.add_argument(
        "--model", default=default, help=f"a released model's name, or a path to its folder (default: {default})"
    )
    command.model_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
