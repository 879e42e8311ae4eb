"""Which box continues which track: by place, by size, and by what the face looks like."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared import looks
from smoother import motion
from smoother.motion import Array
from smoother.thresholds import TrackerSettings

Mask = NDArray[np.bool_]


class Candidates(NamedTuple):
    """The T tracks that may continue."""

    states: Array
    """(T, 5, 4) of `motion`, predicted for this frame."""
    first: Mask
    """(T,) those that choose first: with an id, and no jump of the scene's colours since they were seen."""
    left: Mask
    """(T,) those not seen since such a jump ..."""
    gone: Mask
    """... and of these the ones whose scene is not back."""
    least: Array
    """(T,) likeness that a box's face must have; -1: place alone decides."""
    thumbnails: Sequence[tuple[bytes, bytes]]
    """Two of each: the last and the usual one."""
    apart: bool
    """Whether this is a picture of its own, long after the one before."""
    change: float
    """Of the scene's colours since the last frame."""


class Boxes(NamedTuple):
    """The N boxes of a frame."""

    measured: Array
    """(N, 4) of `motion`."""
    high: Mask
    """(N,) the confident ones."""
    thumbnails: Sequence[bytes]


def associate(tracks: Candidates, boxes: Boxes, settings: TrackerSettings) -> tuple[dict[int, int], Mask]:
    """High-confidence boxes go to the `first` tracks, then to the others, low-confidence ones to any that are left.

    Returns:
        The box of each track that has one, and (T, N) which boxes were refused as they look like somebody else though
        they are just where the track was to go on.
    """
    offset, offset_spread, growth, growth_spread = motion.distances(tracks.states, boxes.measured)
    near = offset <= np.minimum(settings.gate * offset_spread, settings.reach)[:, None]
    near &= growth <= np.minimum(settings.gate * growth_spread, settings.growth)[:, None]
    likeness = _likeness(tracks, boxes, near)
    least = tracks.least
    if (likeness[tracks.gone] >= settings.sure).any():
        least = np.where(tracks.gone, np.minimum(least, settings.less), least)
    allowed = near & np.where(np.isnan(likeness), ~tracks.gone[:, None], likeness >= least[:, None])
    place, everybody = offset + growth, np.ones_like(tracks.first)
    strange = np.nan_to_num(1 - likeness)  # 0 to 2
    box_of: dict[int, int] = {}
    for eligible, there, cost, reach, extra in (
        (tracks.first, boxes.high, place, settings.reach, 0),
        (~tracks.first, boxes.high, place + 2 * strange, settings.reach, 4),
        (everybody, ~boxes.high, place, settings.low_reach, 0),
    ):
        rows = np.setdiff1d(np.flatnonzero(eligible), list(box_of))
        columns = np.setdiff1d(np.flatnonzero(there), list(box_of.values()))
        part = np.ix_(rows, columns)
        worst = reach + settings.growth + extra
        for row, column in _pairs(cost[part], allowed[part] & (offset[part] <= reach), worst):
            box_of[int(rows[row])] = int(columns[column])
    return box_of, near & (offset <= settings.low_reach) & ~tracks.left[:, None] & ~allowed


def _pairs(cost: Array, allowed: Mask, worst: float) -> list[tuple[int, int]]:
    """Best allowed (track, box) pairs. Leaving one unpaired costs as much as the worst of them."""
    if allowed.sum() <= 1:
        return [(int(row), int(column)) for row, column in np.argwhere(allowed)]
    from scipy.optimize import linear_sum_assignment  # here, as one starts faster without

    rows, columns = linear_sum_assignment(np.where(allowed, cost, worst))
    return [(row, column) for row, column in zip(rows, columns, strict=True) if allowed[row, column]]


def _likeness(tracks: Candidates, boxes: Boxes, near: Mask) -> Array:
    """(T, N) how alike faces look in the pairs that are `near`; NaN where that is unknown or does not matter.

    Where the light is the same, the grey values count, too, the less the more the scene changes. Within a scene,
    low-confidence boxes need not look like their tracks, since many are of faces half hidden.
    """
    strict = tracks.left | tracks.apart
    asked = near & (boxes.high | strict[:, None]) & (tracks.least > -1)[:, None]
    rows, columns = np.nonzero(asked)
    seen = [boxes.thumbnails[column] for column in columns.tolist()]
    alike = np.full(len(rows), np.nan)
    last, usual = ([tracks.thumbnails[row][known] for row in rows.tolist()] for known in (0, 1))
    for looked in (last,) if last == usual else (last, usual):
        alike = np.fmax(alike, looks.details(looked, seen))
        if not tracks.apart:
            tones = looks.tones(looked, seen) - np.where(tracks.left[rows], 0, tracks.change / 2)
            alike = np.where(tracks.gone[rows], alike, np.fmax(alike, tones))
    likeness = np.full(near.shape, np.nan)
    likeness[rows, columns] = alike
    return likeness
