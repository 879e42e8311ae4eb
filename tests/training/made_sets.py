"""Tiny labelled data sets, made by the tests."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from shared.messages import EMOTIONS
from training import fer2013, layout


def class_folders(folder: Path, each: int = 1) -> Path:
    """A PNG folder `<split>/<label>/<number>.png`, with so many pictures of a class, all different."""
    rng = np.random.default_rng(0)
    for split in layout.SPLITS:
        for label in EMOTIONS:
            place = folder / split / label
            place.mkdir(parents=True)
            for number in range(each):
                cv2.imwrite(str(place / f"{number}.png"), rng.integers(0, 256, (48, 48)).astype(np.uint8))
    return folder


def kaggle(path: Path, rows: Sequence[tuple[object, str, str]]) -> Path:
    """Kaggle's table."""
    lines = [f"{emotion},{pixels},{usage}" for emotion, pixels, usage in rows]
    path.write_text("\n".join(["emotion,pixels,Usage", *lines]) + "\n")
    return path


def kaggle_rows() -> list[tuple[object, str, str]]:
    """A picture per class and use, all different: the first pixel tells them apart."""
    usages = enumerate(fer2013.KAGGLE_USAGES)
    return [
        (emotion, " ".join([str(10 * emotion + place), *["9"] * 2303]), usage)
        for place, usage in usages
        for emotion in range(7)
    ]


def ferplus(path: Path, usages: list[str]) -> Path:
    """FER+'s table: row n has n votes for surprise and five minus n for anger, of which the sixth is short."""
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    votes = [(number, max(0, 5 - number)) if number != 5 else (2, 2) for number in range(len(usages))]
    lines = [f"{usage},,0,0,{one},0,{other},0,0,3,0,0" for usage, (one, other) in zip(usages, votes, strict=True)]
    path.write_text("\n".join([header, *lines]) + "\n")
    return path
