"""Reads the formats that FER-2013 comes in: Kaggle's CSV, a zip or an ImageFolder, and FER+'s votes."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from shared.errors import ConfigurationError
from shared.messages import EMOTIONS

SIDE = 48
PIXELS = ".pixels"
"""Suffix for a row of Kaggle's CSV: 48x48 grey values as text."""
SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".pgm", PIXELS}
KAGGLE_EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Kaggle's numbers 0 to 6."""
KAGGLE_USAGES = {"Training": "train", "PublicTest": "validation", "PrivateTest": "PrivateTest"}
FERPLUS = {"angry": "anger", "happy": "happiness", "sad": "sadness"}
"""Our labels whose column in FER+'s vote table is called otherwise."""


def files(path: Path) -> dict[str, bytes]:
    """The files of a zip, a folder or Kaggle's CSV by their path, `<split>/<label>/<image>` where the data is FER-2013.

    Raises ConfigurationError where there is nothing that can be read.
    """
    if not path.exists():
        raise ConfigurationError(f"{path} does not exist; expected FER-2013 as a zip, a CSV or an ImageFolder")
    if path.is_dir():
        return dict(_folder_files(path))
    return dict(_csv_rows(path) if path.suffix.lower() == ".csv" else _zip_files(path))


def _zip_files(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if ".." in Path(name).parts or Path(name).is_absolute():
                    raise ConfigurationError(f"{path} holds {name!r}, which lies outside of it")
                if not name.endswith("/"):
                    yield name, archive.read(name)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:  # damaged, encrypted, unknown
        raise ConfigurationError(
            f"{path} is no zip that can be read, and no .csv ({error}); unpack a .tar.gz first"
        ) from None


def _folder_files(path: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path.rglob("*")):
        if file.is_file():
            yield file.relative_to(path).as_posix(), file.read_bytes()


def _csv_rows(path: Path) -> Iterator[tuple[str, bytes]]:
    """Kaggle's rows `emotion,pixels,Usage` as files `<split>/<label>/<row>.pixels`."""
    with path.open(newline="", encoding="utf-8", errors="replace") as table:
        rows = csv.DictReader(table)
        rows.fieldnames = [name.strip() for name in rows.fieldnames or ()]  # " pixels" in Kaggle's icml_face_data.csv
        if not {"emotion", "pixels", "Usage"} <= set(rows.fieldnames):
            found = ",".join(rows.fieldnames)[:80]
            raise ConfigurationError(f"{path}: expected the columns emotion,pixels,Usage; found {found or 'none'}")
        for number, row in enumerate(rows, 1):
            split = KAGGLE_USAGES.get(row["Usage"] or "")
            if split is None:
                allowed = ", ".join(KAGGLE_USAGES)
                raise ConfigurationError(f"{path}: row {number} has the Usage {row['Usage']!r}; expected {allowed}")
            known = row["emotion"] in map(str, range(len(KAGGLE_EMOTIONS)))
            label = KAGGLE_EMOTIONS[int(row["emotion"])] if known else row["emotion"]
            yield f"{split}/{label}/{number:05}{PIXELS}", (row["pixels"] or "").encode()


def votes_by_name(table: bytes) -> dict[str, np.ndarray]:
    """Vote shares by image name; images without a sure match are left out."""
    shares = {}
    try:
        for row in csv.DictReader(io.StringIO(table.decode())):
            if row["match"] in ("unique", "dup_same_label"):
                shares[row["fer2013_jpg"]] = _vote_shares(row)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"ferplus_votes.csv is not FER+'s table of votes: {error!r}") from None
    return shares


def votes_by_row(path: Path, names: list[str]) -> dict[str, np.ndarray]:
    """Vote shares by image name, of FER+'s own table (arXiv 1608.01041): a row for each of Kaggle's, in its order."""
    try:
        with path.open(newline="", encoding="utf-8") as table:
            rows = list(csv.DictReader(table))
        splits = [KAGGLE_USAGES[row["Usage"]] for row in rows]
        if splits != [name.partition("/")[0] for name in names]:
            raise ConfigurationError(f"{path}: its {len(rows)} rows are not those of the {len(names)} pictures")
        return {name: _vote_shares(row) for name, row in zip(names, rows, strict=True)}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ConfigurationError(f"{path} is not FER+'s table of votes (fer2013new.csv): {error!r}") from None


def _vote_shares(row: dict[str, str]) -> np.ndarray:
    """A row's shares of the seven emotions (7) float32; all zero with fewer than five votes for any of them."""
    counts = np.array([int(row[FERPLUS.get(label, label)]) for label in EMOTIONS])
    return (counts / counts.sum() if counts.sum() >= 5 else np.zeros(len(EMOTIONS))).astype(np.float32)


def image(name: str, content: bytes) -> np.ndarray | None:
    """A picture (48, 48) uint8 grey from a file's content; None where it cannot be decoded."""
    if name.endswith(PIXELS):
        return _pixels(content)
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE) if content else None
    if image is not None and image.shape != (SIDE, SIDE):
        image = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return image


def _pixels(text: bytes) -> np.ndarray | None:
    try:
        grey = np.frombuffer(bytes(map(int, text.split())), np.uint8)
    except ValueError:  # no number, or none of a byte
        return None
    return grey.reshape(SIDE, SIDE) if len(grey) == SIDE * SIDE else None
