"""Evaluates a released model on labelled face images, with the classifier the pipeline runs.

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
    """Logits and probabilities (N, 7) for images (N, H, W) uint8, each classified whole, without cutting out a view."""
    parts = [classifier.classify(list(images[at : at + CHUNK]), whole=True) for at in range(0, len(images), CHUNK)]
    logits, probs = zip(*parts, strict=True)
    return np.concatenate(logits), np.concatenate(probs)


def table(scores: dict[str, Any]) -> str:
    """The scores as a readable table."""
    lines = [f"{name} {scores[name]:.4f}" for name in ("accuracy", "macro_f1", "ece", "nll")]
    lines += [f"{'':9} precision  recall      f1     n"]
    for label, row in scores["per_class"].items():
        lines.append(f"{label:9} {row['precision']:9.3f} {row['recall']:7.3f} {row['f1']:7.3f} {row['n']:5d}")
    return "\n".join([f"{scores['n']} images", *lines])


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
    print(f"wrote report.json and the plots confusion, calibration and mistakes to {out}", file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    parser.add_argument("model", help="the name of a released model, or the path of its folder")
    parser.add_argument("data", type=Path, help="what training.data reads or writes, or <label>/<image> alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--out", type=Path, help="where to write report.json and plots (default: runs/evaluate/MODEL)")
    command.model_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
