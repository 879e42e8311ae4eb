"""Reads FER-2013 (zip, Kaggle's CSV or ImageFolder) into arrays, says what is wrong with it, keeps them in one file.

python -m training.data fer2013.zip
python -m training.data fer2013.csv --votes fer2013new.csv      # Kaggle's table of pictures, and FER+'s of votes

PrivateTest is counted and set aside: it is neither trained nor selected on.
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

    `votes` are FER+'s shares of the seven emotions, all zero for an image without usable ones.
    """

    images: np.ndarray
    labels: np.ndarray
    names: np.ndarray
    votes: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, keep: np.ndarray) -> "Faces":
        """The images of an index or boolean array."""
        return replace(self, **{name: getattr(self, name)[keep] for name in ("images", "labels", "names", "votes")})

    def blank(self) -> np.ndarray:
        """Which images (N) show nothing: all pixels the same."""
        blank: np.ndarray = np.ptp(self.images, (1, 2)) == 0
        return blank

    def hashes(self) -> list[str]:
        """One digest of the pixels per image."""
        return [hashlib.sha1(image.tobytes(), usedforsecurity=False).hexdigest() for image in self.images]


def read_pictures(path: Path) -> Faces:
    """The pictures to measure a model on: a file's or folder's `validation` split, or a folder's `<label>/<image>`.

    Classes may be missing. Raises ConfigurationError like `read`, and where there are other splits alone.
    """
    if path.suffix == ".npz":
        return load(path)["validation"]
    files, _ = fer2013.files(path)
    found = _arrange(path, files)
    split = "" if "" in found.pictures else "validation"
    if not found.pictures.get(split):
        raise ConfigurationError(
            f"{path}: found {found.folders()}; expected validation/<label>/ or test/<label>/, or <label>/ alone: "
            "to measure on another split, give its own folder"
        )
    faces, report = _decode(split, found, files, {}, path)
    if missing := [label for label, count in report["per_class"].items() if not count]:
        print(f"{path}: without pictures of {', '.join(missing)}; macro-F1 is of the others", file=sys.stderr)
    return faces


def read(path: Path, ferplus: Path | None = None) -> tuple[dict[str, Faces], dict[str, Any]]:
    """The splits of Kaggle's CSV, or of a zip or folder `<split>/<label>/<image>`, and a report of what was found.

    Votes come from a zip's or folder's `ferplus_votes.csv`, or, for Kaggle's CSV, from FER+'s table `ferplus`.
    Raises ConfigurationError where the layout is not that, a class is missing or empty, or over 1 % cannot be decoded.
    """
    files, is_table = fer2013.files(path)
    if ferplus is not None and not is_table:
        raise ConfigurationError(f"{ferplus}: its rows are those of Kaggle's CSV, which {path} is not; omit --votes")
    votes = fer2013.votes_by_name(files.pop(fer2013.VOTES, b"")) if fer2013.VOTES in files else {}
    if ferplus is not None:
        votes = fer2013.votes_by_row(ferplus, list(files))
    found = _arrange(path, files)
    splits, report = {}, {}
    for split in SPLITS:
        if not found.pictures.get(split):
            raise ConfigurationError(
                f"{path}: found {found.folders()}; expected train/<label>/ and validation/<label>/ (or test/<label>/): "
                "divide each class's pictures between them"
            )
        splits[split], report[split] = _decode(split, found, files, votes, path)
        if missing := [f"{split}/{label}/" for label, count in report[split]["per_class"].items() if not count]:
            raise ConfigurationError(f"{path}: no images in {', '.join(missing)}; each class needs some")
    report["set_aside"] = {split: len(some) for split, some in found.pictures.items() if split not in SPLITS}
    report["left_out"] = {reason: len(names) for reason, names in found.left_out.items()}
    return splits, report | leakage(splits["train"], splits["validation"])


def load(path: Path) -> dict[str, Faces]:
    """The splits from a file that `save` wrote, or from what `read` takes. Raises ConfigurationError like `read`."""
    if path.suffix != ".npz":
        return read(path)[0]
    if not path.exists():
        raise ConfigurationError(f"{path} does not exist; write it with python -m training.data fer2013.zip")
    fields = ("images", "labels", "names", "votes")
    try:
        with np.load(path) as arrays:
            splits = {split: Faces(**{field: arrays[f"{split}_{field}"] for field in fields}) for split in SPLITS}
            fault = next(filter(None, map(_fault, splits.values())), None)
    except (*archive.UNREADABLE, ValueError, KeyError, TypeError):  # the last for a single array
        fault = "its arrays are other ones or damaged"
    if fault:
        raise ConfigurationError(f"{path} is not what python -m training.data writes: {fault}; write it anew")
    return splits


def _fault(faces: Faces) -> str | None:
    """What is wrong with arrays from a file."""
    count, classes = len(faces.names), len(EMOTIONS)
    expected = {"images": (count, SIDE, SIDE), "labels": (count,), "names": (count,), "votes": (count, classes)}
    for name, shape in expected.items():
        if (found := getattr(faces, name).shape) != shape:
            return f"its {name} have the shape {found}, expected {shape}"
    if faces.images.dtype != np.uint8 or not count or not 0 <= faces.labels.min() <= faces.labels.max() < classes:
        return f"expected pictures of bytes with labels from 0 to {classes - 1}"
    return None


def save(splits: dict[str, Faces], path: Path) -> None:
    """Writes all splits into one .npz."""
    arrays = {f"{split}_{field}": value for split, faces in splits.items() for field, value in vars(faces).items()}
    with replacing(path) as part:
        np.savez(part, **arrays)


def write_folder(splits: dict[str, Faces], folder: Path) -> None:
    """Writes an ImageFolder: `<split>/<label>/<name>.png`, 48x48 grey. a.jpg becomes a.jpg.png (not a.png)."""
    taken: set[str] = set()
    for faces in splits.values():
        for image, name in zip(faces.images, faces.names, strict=True):
            plain = str(name).removesuffix(layout.PIXELS).removesuffix(".png") + ".png"
            while plain in taken:  # `a` beside `a.png`
                plain += ".png"
            taken.add(plain)
            path = folder / plain
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".png", image)[1].tobytes())


def to_train_on(train: Faces, validation: Faces) -> np.ndarray:
    """Which images (N) of `train` are neither blank nor in `validation`."""
    held = set(validation.hashes())
    unheld = np.array([digest not in held for digest in train.hashes()])
    kept: np.ndarray = unheld & ~train.blank()
    return kept


def leakage(train: Faces, validation: Faces) -> dict[str, object]:
    """Counts of pixel-identical images: surplus copies, copies under different labels, validation images in train."""
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
    """Which picture is where; what is not used is said on stderr."""
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
            f"{path}: {len(undecodable)} of {len(pictures)} {split} images cannot be decoded, at most "
            f"{MAX_UNDECODABLE:.0%} may: {'; '.join(reasons[:NAMED])}; repair or remove them"
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
    """Entry point; prints the report as JSON."""
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
        "path", type=Path, help="fer2013.zip, fer2013.csv, or an ImageFolder with train/ and validation/"
    )
    parser.add_argument("--votes", type=Path, metavar="TABLE", help="FER+'s fer2013new.csv, to go with fer2013.csv")
    parser.add_argument("--out", type=Path, default=Path("data"), help="folder for fer2013.npz (default: data)")
    parser.add_argument("--folder", type=Path, help="write the images here as well: <split>/<label>/<image>.png")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
