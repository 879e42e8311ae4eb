"""Measures a released model on labelled face pictures, through the classifier that the pipeline runs.

python -m training.evaluate emotion-cnn fer2013.zip --json
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from classifier.backends import Classifier
from training import command, data, figures
from training.metrics import report

CHUNK = 256


def logits_and_probs(classifier: Classifier, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The classifier's answers (N, 7) for pictures (N, H, W) uint8 that are the view itself."""
    parts = [classifier.classify(list(images[at : at + CHUNK]), whole=True) for at in range(0, len(images), CHUNK)]
    logits, probs = zip(*parts, strict=True)
    return np.concatenate(logits), np.concatenate(probs)


def table(scores: dict[str, Any]) -> str:
    """The scores as text for people."""
    lines = [f"{name} {scores[name]:.4f}" for name in ("accuracy", "macro_f1", "ece", "nll")]
    lines += [f"{'':9} precision  recall      f1     n"]
    for label, row in scores["per_class"].items():
        lines.append(f"{label:9} {row['precision']:9.3f} {row['recall']:7.3f} {row['f1']:7.3f} {row['n']:5d}")
    return "\n".join([f"{scores['n']} pictures", *lines])


def main() -> int:
    """Entry point."""
    return command.run("training.evaluate", lambda: _evaluate(_arguments()))


def _evaluate(arguments: argparse.Namespace) -> None:
    classifier = command.exact_classifier(arguments)
    faces = data.read_pictures(arguments.data)
    _, probs = logits_and_probs(classifier, faces.images)
    scores = report(probs, faces.labels)
    print(json.dumps(scores) if arguments.json else table(scores))
    out = arguments.out or Path("runs", "evaluate", Path(arguments.model).name)
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(scores, indent=2) + "\n")
    figures.confusion(scores["confusion"], out / "confusion.png")
    figures.calibration(probs, faces.labels, out / "calibration.png")
    figures.mistakes(faces, probs, out / "mistakes.png")
    print(f"report.json, confusion, calibration and mistakes are in {out}", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("model", help="a released model's name, or a path to its folder")
    parser.add_argument("data", type=Path, help="a zip or folder with validation/, a folder of classes, or an .npz")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--out", type=Path, help="folder for report.json and pictures (default: runs/evaluate/MODEL)")
    command.model_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
