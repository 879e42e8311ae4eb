"""Reads a labelled data set (zip, folder or Kaggle's CSV), reports its defects, and saves it as one file of arrays.

python -m training.data fer2013.zip
python -m training.data fer2013.csv --votes fer2013new.csv      # Kaggle's images, FER+'s votes

FER-2013's PrivateTest split is counted but not read: nothing is trained or selected on it.
"""

import argparse
import hashlib
import json
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from shared.errors import ConfigurationError
from shared.files import replacing
from shared.messages import EMOTIONS
from training import archive, command, fer2013, layout
from training.layout import NAMED, SPLITS, Layout, counted
from training.pictures import SIDE

MAX_UNDECODABLE = 0.01


@dataclass(frozen=True)
class Faces:
    """A split in memory: images (N, 48, 48) uint8 grey, labels (N,) int64, names (N,) paths, votes (N, 7) float32.

    `votes` are the shares of the seven emotions in FER+'s votes, all zero for an image without usable votes.
    """

    images: np.ndarray
    labels: np.ndarray
    names: np.ndarray
    votes: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, keep: np.ndarray) -> "Faces":
        """The subset given by an array of indices or booleans."""
        return replace(self, **{name: getattr(self, name)[keep] for name in ("images", "labels", "names", "votes")})

    def blank(self) -> np.ndarray:
        """A mask (N,) of the images whose pixels are all equal."""
        blank: np.ndarray = np.ptp(self.images, (1, 2)) == 0
        return blank

    def hashes(self) -> list[str]:
        """A digest of each image's pixels."""
        return [hashlib.sha1(image.tobytes(), usedforsecurity=False).hexdigest() for image in self.images]


def read_pictures(path: Path) -> Faces:
    """The images to evaluate a model on: the `validation` split, or all images of a folder or zip `<label>/<image>`.

    Classes may be missing. Raises ConfigurationError as `read` does, and if there are only other splits.
    """
    if path.suffix == ".npz":
        return load(path)["validation"]
    files, _ = fer2013.files(path)
    found = _arrange(path, files)
    split = "" if "" in found.pictures else "validation"
    if not found.pictures.get(split):
        raise ConfigurationError(
            f"{path}: found {found.folders()}; expected validation/<label>/ or test/<label>/, or <label>/ alone: "
            "to evaluate on another split, give its folder"
        )
    faces, report = _decode(split, found, files, {}, path)
    if missing := [label for label, count in report["per_class"].items() if not count]:
        print(f"{path}: no images of {', '.join(missing)}; macro-F1 covers the other classes", file=sys.stderr)
    return faces


def read(path: Path, ferplus: Path | None = None) -> tuple[dict[str, Faces], dict[str, Any]]:
    """The splits of Kaggle's CSV, or of a zip or folder `<split>/<label>/<image>`, and a report on them.

    Votes are read from `ferplus_votes.csv` in the zip or folder or, for Kaggle's CSV, from FER+'s own table `ferplus`.
    Raises ConfigurationError for another layout, a missing or empty class, or if over 1 % of a split cannot be decoded.
    """
    files, is_table = fer2013.files(path)
    if ferplus is not None and not is_table:
        raise ConfigurationError(f"{ferplus}: this table goes with Kaggle's CSV, which {path} is not; omit --votes")
    votes = fer2013.votes_by_name(files.pop(fer2013.VOTES, b"")) if fer2013.VOTES in files else {}
    if ferplus is not None:
        votes = fer2013.votes_by_row(ferplus, list(files))
    found = _arrange(path, files)
    splits, report = {}, {}
    for split in SPLITS:
        if not found.pictures.get(split):
            raise ConfigurationError(
                f"{path}: found {found.folders()}; expected train/<label>/ and validation/<label>/ (or test/<label>/): "
                "divide each class's images between them"
            )
        splits[split], report[split] = _decode(split, found, files, votes, path)
        if missing := [f"{split}/{label}/" for label, count in report[split]["per_class"].items() if not count]:
            raise ConfigurationError(f"{path}: no images in {', '.join(missing)}; every class needs some")
    report["set_aside"] = {split: len(some) for split, some in found.pictures.items() if split not in SPLITS}
    report["left_out"] = {reason: len(names) for reason, names in found.left_out.items()}
    return splits, report | leakage(splits["train"], splits["validation"])


def load(path: Path) -> dict[str, Faces]:
    """The splits, from a file of `save` or anything `read` accepts. Raises ConfigurationError as `read` does."""
    if path.suffix != ".npz":
        return read(path)[0]
    if not path.exists():
        raise ConfigurationError(f"{path} does not exist; create it with python -m training.data fer2013.zip")
    fields = ("images", "labels", "names", "votes")
    try:
        with np.load(path) as arrays:
            splits = {split: Faces(**{field: arrays[f"{split}_{field}"] for field in fields}) for split in SPLITS}
            fault = next(filter(None, map(_fault, splits.values())), None)
    except (*archive.UNREADABLE, ValueError, KeyError, TypeError):  # the last for a single array
        fault = "arrays are missing or damaged"
    if fault:
        raise ConfigurationError(f"{path} was not written by python -m training.data: {fault}; create it again")
    return splits


def _fault(faces: Faces) -> str | None:
    """What is wrong with arrays read from a file; None if nothing is."""
    count, classes = len(faces.names), len(EMOTIONS)
    expected = {"images": (count, SIDE, SIDE), "labels": (count,), "names": (count,), "votes": (count, classes)}
    for name, shape in expected.items():
        if (found := getattr(faces, name).shape) != shape:
            return f"expected {name} of shape {shape}, found {found}"
    if faces.images.dtype != np.uint8 or not count or not 0 <= faces.labels.min() <= faces.labels.max() < classes:
        return f"expected uint8 images with labels from 0 to {classes - 1}"
    return None


def save(splits: dict[str, Faces], path: Path) -> None:
    """Writes all splits to one .npz file."""
    arrays = {f"{split}_{field}": value for split, faces in splits.items() for field, value in vars(faces).items()}
    with replacing(path) as part:
        np.savez(part, **arrays)


def write_folder(splits: dict[str, Faces], folder: Path) -> None:
    """Writes an ImageFolder of 48x48 grey PNGs, `<split>/<label>/<name>.png`; a.jpg becomes a.jpg.png."""
    taken: set[str] = set()
    for faces in splits.values():
        for image, name in zip(faces.images, faces.names, strict=True):
            plain = str(name).removesuffix(layout.PIXELS).removesuffix(".png") + ".png"
            while plain in taken:  # both `a` and `a.png` exist
                plain += ".png"
            taken.add(plain)
            path = folder / plain
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".png", image)[1].tobytes())


def to_train_on(train: Faces, validation: Faces) -> np.ndarray:
    """A mask (N,) of the images in `train` that are neither blank nor also in `validation`."""
    held = set(validation.hashes())
    unheld = np.array([digest not in held for digest in train.hashes()])
    kept: np.ndarray = unheld & ~train.blank()
    return kept


def leakage(train: Faces, validation: Faces) -> dict[str, object]:
    """Counts pixel-identical images: surplus copies, groups with different labels, validation images in train."""
    labels: dict[str, list[int]] = {}
    trained, held = train.hashes(), validation.hashes()
    train_hashes = set(trained)
    for digest, label in zip(trained + held, [*train.labels, *validation.labels], strict=True):
        labels.setdefault(digest, []).append(int(label))
    return {
        "surplus_copies": sum(len(group) - 1 for group in labels.values()),
        "groups_with_different_labels": sum(len(set(group)) > 1 for group in labels.values()),
        "validation_images_in_train": sum(digest in train_hashes for digest in held),
    }


def _arrange(path: Path, files: dict[str, bytes]) -> Layout:
    """Sorts the files into splits and classes; reports on stderr what is not used."""
    found = layout.arrange(files)
    for note in found.notes():
        print(f"{path}: {note}", file=sys.stderr)
    try:
        found.check_classes()
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    return found


def _decode(
    split: str, found: Layout, files: dict[str, bytes], votes: dict[str, np.ndarray], path: Path
) -> tuple[Faces, dict[str, Any]]:
    pictures = found.pictures[split]
    images, undecodable = fer2013.decode(pictures, files)
    reasons = list(undecodable.values())
    if len(undecodable) > MAX_UNDECODABLE * len(pictures):
        raise ConfigurationError(
            f"{path}: {len(undecodable)} of {len(pictures)} {split} images cannot be decoded (limit: "
            f"{MAX_UNDECODABLE:.0%}): {'; '.join(reasons[:NAMED])}; repair or remove them"
        )
    if undecodable:
        print(f"{path}: {counted('not decodable', reasons)}", file=sys.stderr)
    counts = Counter(picture.label for picture in images)
    none = np.zeros(len(EMOTIONS), np.float32)
    faces = Faces(
        np.stack(list(images.values())),
        np.array([EMOTIONS.index(picture.label) for picture in images], np.int64),
        np.array([picture.name for picture in images]),
        np.stack([votes.get(picture.file, none) for picture in images]),
    )
    return faces, {
        "images": len(faces),
        "per_class": {label: counts[label] for label in EMOTIONS},
        "official_counts": fer2013.is_official(split, faces.labels),
        "undecodable": [picture.name for picture in undecodable],
        "blank": [str(name) for name in faces.names[faces.blank()]],
        "with_votes": int((faces.votes.sum(1) > 0).sum()),
    }


def main() -> int:
    """Entry point. Prints the report as JSON."""
    return command.run("training.data", lambda: _prepare(_arguments()))


def _prepare(arguments: argparse.Namespace) -> None:
    splits, report = read(arguments.path, arguments.votes)
    save(splits, arguments.out / "fer2013.npz")
    if arguments.folder:
        write_folder(splits, arguments.folder)
    print(json.dumps(report | {"written": str(arguments.out / "fer2013.npz")}, indent=2))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.data", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "path", type=Path, help="fer2013.csv, or a zip or folder with train/<label>/ and validation/<label>/"
    )
    parser.add_argument("--votes", type=Path, metavar="TABLE", help="FER+'s fer2013new.csv, for fer2013.csv")
    parser.add_argument("--out", type=Path, default=Path("data"), help="where to write fer2013.npz (default: data)")
    parser.add_argument("--folder", type=Path, help="also write <split>/<label>/<image>.png to this folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
