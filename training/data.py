"""Reads FER-2013 (zip, Kaggle's CSV or ImageFolder) into arrays, says what is wrong with it, keeps them in one file.

python -m training.data fer2013.zip
python -m training.data fer2013.csv --votes fer2013new.csv      # Kaggle's table of pictures, and FER+'s of votes

PrivateTest is counted and set aside: it is neither trained nor selected on.
"""

import argparse
import hashlib
import json
import sys
import zipfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from shared.errors import ConfigurationError
from shared.files import replacing
from shared.messages import EMOTIONS
from training import command, fer2013

SPLITS = ("train", "validation")
OFFICIAL = {
    "train": dict(zip(EMOTIONS, (3995, 436, 4097, 7215, 4965, 4830, 3171), strict=True)),
    "validation": dict(zip(EMOTIONS, (467, 56, 496, 895, 607, 653, 415), strict=True)),
}
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

    Raises ConfigurationError like `read`, and for folders within others, of which nobody knows what they are.
    """
    if path.suffix == ".npz":
        return load(path)["validation"]
    files = fer2013.files(path)
    if any(name.startswith("validation/") for name in files):
        return _decode("validation", files, {}, path)[0]
    deep = [name for name in files if Path(name).suffix.lower() in fer2013.SUFFIXES and len(Path(name).parts) != 2]
    if deep:
        raise ConfigurationError(f"{path}: expected validation/<label>/ or <label>/ with pictures; found {deep[0]}")
    return _decode("", files, {}, path)[0]


def read(path: Path, ferplus: Path | None = None) -> tuple[dict[str, Faces], dict[str, object]]:
    """All splits of Kaggle's CSV, or of a zip or folder `<split>/<label>/<image>`, and a report of what was found.

    Votes come from a zip's or folder's `ferplus_votes.csv`, or, for Kaggle's CSV, from FER+'s table `ferplus`.
    Raises ConfigurationError where the layout is not that, a class is missing or empty, or over 1 % cannot be decoded.
    """
    files = fer2013.files(path)
    votes = fer2013.votes_by_name(files.pop("ferplus_votes.csv", b""))
    if ferplus is not None:
        if path.suffix.lower() != ".csv":
            raise ConfigurationError(f"{ferplus}: its rows are those of Kaggle's CSV, which {path} is not")
        votes = fer2013.votes_by_row(ferplus, list(files))
    splits, report = {}, {}
    for split in SPLITS:
        splits[split], report[split] = _decode(split, files, votes, path)
    others = [Path(name) for name in files if not name.startswith(tuple(f"{split}/" for split in SPLITS))]
    report["set_aside"] = dict(Counter(other.parts[0] for other in others if other.suffix.lower() in fer2013.SUFFIXES))
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
            return {split: Faces(**{field: arrays[f"{split}_{field}"] for field in fields}) for split in SPLITS}
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ConfigurationError(f"{path} is not what python -m training.data writes: {error}") from None


def save(splits: dict[str, Faces], path: Path) -> None:
    """Writes all splits into one .npz."""
    arrays = {f"{split}_{field}": value for split, faces in splits.items() for field, value in vars(faces).items()}
    with replacing(path) as part:
        np.savez(part, **arrays)


def write_folder(splits: dict[str, Faces], folder: Path) -> None:
    """Writes an ImageFolder: `<split>/<label>/<name>.png`, 48x48 grey. a.jpg becomes a.jpg.png (not a.png)."""
    for faces in splits.values():
        for image, name in zip(faces.images, faces.names, strict=True):
            plain = str(name).removesuffix(fer2013.PIXELS).removesuffix(".png")
            path = folder / f"{plain}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".png", image)[1].tobytes())


def to_train_on(train: Faces, validation: Faces) -> np.ndarray:
    """Which images (N) of `train` are neither blank nor in `validation`."""
    held = set(validation.hashes())
    unheld = np.array([digest not in held for digest in train.hashes()])
    kept: np.ndarray = unheld & ~train.blank()
    return kept


def is_official(split: str, faces: Faces) -> bool:
    """Whether each class has as many pictures as in FER-2013's split."""
    counts = np.bincount(faces.labels, minlength=len(EMOTIONS)).tolist()
    return dict(zip(EMOTIONS, counts, strict=True)) == OFFICIAL.get(split)


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


def _decode(
    split: str, files: dict[str, bytes], votes: dict[str, np.ndarray], path: Path
) -> tuple[Faces, dict[str, object]]:
    prefix = f"{split}/" if split else ""
    pictures = sorted(
        name for name in files if name.startswith(prefix) and Path(name).suffix.lower() in fer2013.SUFFIXES
    )
    folders = {Path(name).parent.name for name in files if name.startswith(prefix) and "/" in name[len(prefix) :]}
    unknown = {folder for folder in folders if not folder.startswith((".", "__"))} - set(EMOTIONS)
    if unknown:
        raise ConfigurationError(f"{path}: unknown class {', '.join(sorted(unknown))}; expected {', '.join(EMOTIONS)}")
    names = dict.fromkeys(name for name in pictures if Path(name).parent.name in EMOTIONS)
    if strays := [
        name for name in pictures if name not in names and not Path(name).parent.name.startswith((".", "__"))
    ]:
        print(f"{path}: left out, for they are in no class's folder: {', '.join(strays)}", file=sys.stderr)
    images = {name: image for name in names if (image := fer2013.image(name, files[name])) is not None}
    counts = Counter(Path(name).parent.name for name in images)
    missing = [f"{prefix}{label}/" for label in EMOTIONS if not counts[label]]
    if missing:
        raise ConfigurationError(f"{path}: no images in {', '.join(missing)}")
    undecodable = [name for name in names if name not in images]
    if len(undecodable) > MAX_UNDECODABLE * len(names):
        raise ConfigurationError(f"{path}: {len(undecodable)} of {len(names)} {split} images cannot be decoded")
    if undecodable:
        print(f"{path}: left out, for they cannot be decoded: {', '.join(undecodable)}", file=sys.stderr)
    faces = Faces(
        np.stack(list(images.values())),
        np.array([EMOTIONS.index(Path(name).parent.name) for name in images], np.int64),
        np.array(list(images)),
        np.stack([votes.get(name, np.zeros(len(EMOTIONS), np.float32)) for name in images]),
    )
    return faces, {
        "images": len(faces),
        "per_class": {label: counts[label] for label in EMOTIONS},
        "official_counts": is_official(split, faces),
        "undecodable": undecodable,
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
