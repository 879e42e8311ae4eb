"""A crowd: which faces are kept where there are too many, and whose turn it is to be classified. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from shared.boxes import overlaps

SAME_FACE = 0.3
"""IoU at which a detected face is one that is known."""
SURE = 0.95
"""Confidence below which a box starts no track (`TrackerSettings.high` in smoother/tracking.py)."""


class Turn(NamedTuple):
    """A classified frame's number, and among how many in a row everybody has to have a turn."""

    number: int
    turns: int


def keep(xyxy: np.ndarray, confidence: np.ndarray, first: np.ndarray, most: int) -> np.ndarray:
    """Indices of at most `most` faces, in their order.

    Known faces come first, in the order in which they are known, so that those followed stay; then sure ones, the
    largest first. Sizes count in steps of the square root of two and from left to right, so that among faces alike the
    same ones are chosen in each frame until they are known.

    Args:
        xyxy: boxes (N, 4).
        confidence: (N,) from 0 to 1.
        first: boxes of known faces (K, 4), the most important first.
        most: the limit.
    """
    if len(xyxy) <= most:
        return np.arange(len(xyxy))
    place = _known(xyxy, first)
    place[place < 0] = len(first)
    size = np.round(np.log2((xyxy[:, 2:] - xyxy[:, :2]).clip(1).prod(axis=1)))
    order = np.lexsort((xyxy[:, 0], -size, confidence < SURE, place))
    return np.sort(order[:most])


def by_age(ids: Sequence[int | None]) -> list[int]:
    """Indices of known faces in the order in which they got their ids; those without come last."""
    return sorted(range(len(ids)), key=lambda index: (ids[index] is None, ids[index] or 0))


def in_turn(
    xyxy: np.ndarray, wanted: np.ndarray, known: np.ndarray, ids: Sequence[int | None], turn: Turn, most: int
) -> np.ndarray:
    """Which of the faces to classify are classified now: all, or if they are more than `most` about so many.

    They form 2, 4, 8 … groups, by id or, where that is unknown, from left to right, and the groups take turns. Whoever
    is due in one of so many is also due in one of half as many: a number that goes up and down leaves nobody out.

    Args:
        xyxy: boxes (N, 4).
        wanted: which of them to classify, (N,) bool.
        known: boxes of known faces (K, 4) ...
        ids: ... and their ids, None where they have none yet.
        turn: whose turn it is; limits the number of groups.
        most: faces per frame, if that takes no more groups.
    """
    needed = 1 << (max(-(-int(wanted.sum()) // most), 1) - 1).bit_length()
    groups = min(needed, 1 << (max(turn.turns, 1).bit_length() - 1))
    if groups == 1:
        return wanted
    slot = np.argsort(np.argsort(xyxy[:, 0], kind="stable"))
    for face, place in enumerate(_known(xyxy, known).tolist()):
        track_id = ids[place] if place >= 0 else None
        slot[face] = slot[face] if track_id is None else track_id
    due: np.ndarray = wanted & (slot % groups == turn.number % groups)
    return due


def _known(xyxy: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The place of the known face (K, 4) that each box (N, 4) overlaps most, or -1: (N,)."""
    if not len(known):
        return np.full(len(xyxy), -1)
    shares = overlaps(xyxy, known)
    return np.where(shares.max(axis=1) >= SAME_FACE, shares.argmax(axis=1), -1)
