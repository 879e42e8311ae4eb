"""Reads FER-2013 as published: Kaggle's CSV, a zip or folder of images, and FER+'s votes."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np

from shared.errors import ConfigurationError, SourceError
from shared.formats import HEAD_BYTES, is_picture
from shared.messages import EMOTIONS
from training import archive, tables
from training.layout import PIXELS, Picture, class_of, split_of, without_top
from training.pictures import SIDE, read_face
from training.tables import whole_number

COLUMNS = ("emotion", "pixels", "Usage")
KAGGLE_EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Kaggle's numbers 0 to 6."""
KAGGLE_USAGES = ("Training", "PublicTest", "PrivateTest")
VOTES = "ferplus_votes.csv"
"""The table of votes in a zip or folder, by image path."""
FERPLUS = {label: {"angry": "anger", "happy": "happiness", "sad": "sadness"}.get(label, label) for label in EMOTIONS}
"""The column of FER+'s table for each of our labels."""
LEAST_VOTES = 5
OFFICIAL = {
    "train": dict(zip(EMOTIONS, (3995, 436, 4097, 7215, 4965, 4830, 3171), strict=True)),
    "validation": dict(zip(EMOTIONS, (467, 56, 496, 895, 607, 653, 415), strict=True)),
}
_TABLES = (".csv", ".csv.gz", ".tsv", ".txt")


def files(path: Path) -> tuple[dict[str, bytes], bool]:
    """The files of a folder or zip, or the rows of Kaggle's CSV as files; also whether it was a CSV.

    Paths begin with the folder of the split or class, whatever this lies in.
    Kaggle's CSV may also lie in a folder or zip without pictures. Its rows come as `<split>/<label>/<row>.pixels`.
    Raises ConfigurationError where there is nothing that can be read.
    """
    if not path.exists():
        raise ConfigurationError(f"{path} does not exist; expected FER-2013 as a zip, a CSV or an ImageFolder")
    if not path.is_dir() and path.suffix.lower() != ".zip" and not zipfile.is_zipfile(path):
        _check_table(path)
        with path.open("rb") as table:
            return dict(_kaggle_rows(table, str(path))), True
    found = dict(archive.folder_files(path) if path.is_dir() else archive.zip_files(path))
    if any(is_picture(name, content[:HEAD_BYTES]) for name, content in found.items()):
        return without_top(found), False
    with_columns = [name for name, content in found.items() if name.lower().endswith(_TABLES) and _is_kaggle(content)]
    if len(with_columns) == 1:
        return dict(_kaggle_rows(io.BytesIO(found[with_columns[0]]), f"{path}: {with_columns[0]}")), True
    what = f"{len(with_columns)} tables, {', '.join(with_columns)}" if with_columns else "neither"
    raise ConfigurationError(
        f"{path}: expected images in train/<label>/ and validation/<label>/, or one CSV with the columns "
        f"{','.join(COLUMNS)}; found {what} among its files: pass the right one"
    )


def _check_table(path: Path) -> None:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if is_picture(path.name, head):
        found = "an image"
    elif ".tar" in path.suffixes or path.suffix == ".tgz":
        found = "a tar archive, which must be unpacked first"
    elif head.startswith(tables.GZIP) or path.name.lower().endswith(_TABLES):
        return
    else:
        found = f"a file {path.suffix or 'without suffix'}"
    raise ConfigurationError(f"{path}: found {found}; expected a zip, a .csv, a .csv.gz or a folder")


def _is_kaggle(content: bytes) -> bool:
    return {column.casefold() for column in COLUMNS} <= set(tables.columns_of(io.BytesIO(content)))


def _kaggle_rows(table: IO[bytes], name: str) -> Iterator[tuple[str, bytes]]:
    number = 0
    for number, row in enumerate(tables.rows(table, name, "Kaggle's table of images", COLUMNS), 1):
        split = _usage(row["Usage"])
        if split is None:
            allowed = ", ".join(KAGGLE_USAGES)
            raise ConfigurationError(f"{name}: row {number} has the Usage {_short(row['Usage'])}; expected {allowed}")
        place = whole_number(row["emotion"])
        known = place is not None and 0 <= place < len(KAGGLE_EMOTIONS)
        label = KAGGLE_EMOTIONS[place or 0] if known else class_of(row["emotion"])
        if label is None:
            numbers = ", ".join(f"{number} {label}" for number, label in enumerate(KAGGLE_EMOTIONS))
            raise ConfigurationError(
                f"{name}: row {number} has the emotion {_short(row['emotion'])}; expected {numbers}"
            )
        yield f"{split}/{label}/{number:05}{PIXELS}", row["pixels"].encode()
    if not number:
        raise ConfigurationError(f"{name} has no rows below its header; get or create it again")


def _usage(text: str) -> str | None:
    return split_of(text) if text.casefold() in {usage.casefold() for usage in KAGGLE_USAGES} else None


def _short(text: str) -> str:
    return repr(text if len(text) < 20 else f"{text[:20]}…")


def votes_by_name(table: bytes) -> dict[str, np.ndarray]:
    """Vote shares by image path, from `ferplus_votes.csv`; images without a certain match are left out."""
    columns = ("fer2013_jpg", "match", *FERPLUS.values())
    rows = tables.rows(io.BytesIO(table), VOTES, "FER+'s table of votes", columns)
    return {
        row["fer2013_jpg"]: _vote_shares(row, f"{VOTES}: row {number}")
        for number, row in enumerate(rows, 1)
        if row["match"] in ("unique", "dup_same_label")
    }


def votes_by_row(path: Path, names: list[str]) -> dict[str, np.ndarray]:
    """Vote shares by image name, from FER+'s own table (arXiv 1608.01041), whose rows are in the order of Kaggle's."""
    if not path.is_file():
        raise ConfigurationError(f"{path} is not FER+'s table of votes (fer2013new.csv): the file does not exist")
    with path.open("rb") as table:
        rows = list(tables.rows(table, str(path), "FER+'s table of votes", ("Usage", *FERPLUS.values())))
    if [_usage(row["Usage"]) for row in rows] != [name.partition("/")[0] for name in names]:
        raise ConfigurationError(
            f"{path}: its {len(rows)} rows do not match the {len(names)} images; expected fer2013new.csv and Kaggle's "
            "CSV, both complete and in their original order"
        )
    return {
        name: _vote_shares(row, f"{path}: row {number}")
        for number, (name, row) in enumerate(zip(names, rows, strict=True), 1)
    }


def _vote_shares(row: dict[str, str], where: str) -> np.ndarray:
    """A row's shares of the seven emotions (7,) float32; all zero if they have under LEAST_VOTES votes."""
    counts = []
    for column in FERPLUS.values():
        votes = whole_number(row[column])
        if votes is None or votes < 0:
            raise ConfigurationError(f"{where} has {_short(row[column])} votes for {column}; expected a whole number")
        counts.append(votes)
    total = sum(counts)
    return np.array([votes / total if total >= LEAST_VOTES else 0 for votes in counts], np.float32)


def is_official(split: str, labels: np.ndarray) -> bool:
    """Whether a split has the class counts of FER-2013's."""
    counts = np.bincount(labels, minlength=len(EMOTIONS)).tolist()
    return dict(zip(EMOTIONS, counts, strict=True)) == OFFICIAL.get(split)


def decode(
    pictures: Iterable[Picture], files: Mapping[str, bytes]
) -> tuple[dict[Picture, np.ndarray], dict[Picture, str]]:
    """The images as (48, 48) uint8 grey, and for those that cannot be decoded the reason."""
    images, faults = {}, {}
    for picture in pictures:
        try:
            images[picture] = image(picture.file, files[picture.file])
        except SourceError as error:
            faults[picture] = str(error)
    return images, faults


def image(name: str, content: bytes) -> np.ndarray:
    """An image as (48, 48) uint8 grey, from a file's content; raises SourceError if it cannot be decoded."""
    if name.endswith(PIXELS):
        return _pixels(f"row {PurePosixPath(name).stem.lstrip('0')}", content)
    return read_face(name, content)


def _pixels(row: str, text: bytes) -> np.ndarray:
    values = text.split()
    try:
        grey = np.frombuffer(bytes(map(int, values)), np.uint8)
    except ValueError:  # 70.0, no number, or none of a byte
        whole = [whole_number(value.decode(errors="replace")) for value in values]
        if any(value is None or not 0 <= value < 256 for value in whole):
            raise SourceError(f"{row}: expected whole numbers from 0 to 255 as grey values") from None
        grey = np.array(whole, np.uint8)
    if len(grey) != SIDE * SIDE:
        raise SourceError(f"{row}: {len(grey)} grey values; expected {SIDE}x{SIDE} = {SIDE * SIDE}")
    return grey.reshape(SIDE, SIDE)
