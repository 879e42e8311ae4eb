"""Turns a checkpoint into a release with a model card, or a release into an ONNX file.

python -m training.export runs/emotion-cnn/best.pt --name emotion-cnn --data data/fer2013.npz
python -m training.export emotion-cnn --onnx
"""

import argparse
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import msgspec
import numpy as np

from classifier.architectures import ARCHITECTURES, BLOCKS
from classifier.backends import Classifier, load_classifier, softmax
from classifier.release import MODELS, Config, Release, load_release, save_release
from shared.errors import ConfigurationError
from shared.messages import EMOTIONS
from training import card, command, fer2013, figures, onnx, view
from training.checkpoint import Checkpoint
from training.data import Faces, load
from training.evaluate import logits_and_probs
from training.metrics import fit_temperature, report

FIT_EVERY = 3
"""The view is fitted on every third validation image."""
LEAST_FOUND = 7
"""The fewest detected faces on which a view is fitted; a good fit needs some hundreds."""
SIDES = (48, 36, 24, 16)
"""Sides in pixels to which the images are downscaled for the accuracy by face size."""


def release_of(saved: Checkpoint, name: str, version: str) -> Release:
    """A release of a checkpoint's averaged weights, with its architecture's default input and temperature 1."""
    recipe = saved.recipe
    architecture = ARCHITECTURES[recipe.architecture]
    blocks = recipe.blocks if architecture.stem else BLOCKS  # BLOCKS itself is left out of the file
    config = Config(name, version, recipe.architecture, EMOTIONS, architecture.input, 1.0, blocks)
    averaged = {key: value.numpy() for key, value in saved.averaged.items() if "num_batches" not in key}
    return Release(config, averaged)


def export(checkpoint: Path, folder: Path, version: str, faces: Faces, threads: int, note: str = "") -> None:
    """Writes the release of a checkpoint, measured on the validation `faces`; `note` is added to the card.

    `folder` is replaced once everything has been measured. Raises ModelError for an invalid name and
    ConfigurationError if the detector finds too few faces to fit the view.
    """
    saved = Checkpoint.read(checkpoint)
    with tempfile.TemporaryDirectory() as scratch:
        draft = Path(scratch, folder.name)
        save_release(release_of(saved, folder.name, version), draft)
        released = load_release(str(draft), draft)
        classifier = load_classifier(str(draft), draft, "cpu", threads, "f32")
        found = view.find(faces, threads)
    if len(found.labels) < LEAST_FOUND:
        raise ConfigurationError(
            f"the detector finds a face in {len(found.labels)} of {len(faces)} validation images; fitting the view "
            f"takes at least {LEAST_FOUND}"
        )
    logits, _ = logits_and_probs(classifier, faces.images)
    classifier.temperature = temperature = fit_temperature(logits, faces.labels)
    probs = softmax(logits / temperature)
    side, offset = view.fit(classifier, found.every(FIT_EVERY))
    spec = msgspec.structs.replace(released.config.input, view=side, view_dy=offset)
    config = msgspec.structs.replace(released.config, temperature=round(temperature, 4), input=spec)

    _, through = classifier.seeing(spec).classify(found.crops)
    figures_of = card.Figures(
        scores=report(probs, faces.labels),
        before=report(softmax(logits), faces.labels),
        found=len(found.labels),
        through_accuracy=float((through.argmax(1) == found.labels).mean()),
        direct_accuracy=float((probs.argmax(1)[found.index] == found.labels).mean()),
        by_side={side: _accuracy_at(classifier, faces, side) for side in SIDES},
    )
    official = fer2013.is_official("validation", faces.labels)
    how = card.Training(saved.recipe, saved.seed, saved.step, checkpoint, is_fer2013=official)
    with _replacing(folder) as fresh:
        save_release(Release(config, released.tensors), fresh)
        (fresh / "README.md").write_text(card.write(config, how, figures_of, note))
        figures.confusion(figures_of.scores["confusion"], fresh / "confusion.png")
        figures.calibration(probs, faces.labels, fresh / "calibration.png")


@contextlib.contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Yields a new folder that replaces `folder` on success; on failure `folder` is unchanged."""
    fresh, old = (folder.with_name(f".{folder.name}.{word}") for word in ("new", "old"))
    _restore(folder, old)
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        yield fresh
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
    finally:
        _restore(folder, old)
        shutil.rmtree(fresh, ignore_errors=True)


def _restore(folder: Path, old: Path) -> None:
    """Moves the old folder back if its replacement is missing, otherwise removes it."""
    if old.exists() and not folder.exists():
        old.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _accuracy_at(classifier: Classifier, faces: Faces, side: int) -> float:
    small = np.stack([cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in faces.images])
    _, probs = logits_and_probs(classifier, small)
    return float((probs.argmax(1) == faces.labels).mean())


def main() -> int:
    """Entry point."""
    return command.run("training.export", lambda: _export(_arguments()))


def _export(arguments: argparse.Namespace) -> None:
    print(_onnx(arguments) if arguments.onnx else _release(arguments))


def _onnx(arguments: argparse.Namespace) -> str:
    release = load_release(arguments.model, arguments.models_dir)
    path = arguments.out or Path(f"{release.config.name}.onnx")
    onnx.write(release, path)
    return f"wrote {path}, {path.stat().st_size / 1e6:.1f} MB; its logits match torch's"


def _release(arguments: argparse.Namespace) -> str:
    faces = load(arguments.data)["validation"]
    folder = arguments.models_dir / arguments.name
    export(Path(arguments.model), folder, arguments.version, faces, arguments.threads, arguments.note)
    return str((folder / "README.md").read_text())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="a checkpoint with --name; the name or folder of a released model with --onnx")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--name", help="make a release of this name in the models directory")
    what.add_argument("--onnx", action="store_true", help="write a release to an ONNX file")
    parser.add_argument("--out", type=Path, help="the ONNX file (default: NAME.onnx)")
    parser.add_argument("--version", default="1")
    parser.add_argument("--note", default="", help="a sentence about the run for the card")
    parser.add_argument("--data", type=Path, default=Path("data/fer2013.npz"))
    parser.add_argument("--models-dir", type=Path, default=MODELS)
    parser.add_argument("--threads", type=command.number(int, 1), default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
