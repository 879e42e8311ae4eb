"""Whether a face, or a scene, still looks the same in whatever light. Pure; from thumbnails and signatures alone.

A lamp from one side changes a face's grey values more than another face would, but hardly its details: pictures are
compared after local normalisation, by their correlation.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SIDE = 16
"""Of a face's thumbnail, in pixels."""
_SHIFTS = (-1, 0, 1)  # in pixels across and down, for landmarks that are a little off
_CELLS = 8  # of a signature, a side


def details(first: Sequence[bytes], second: Sequence[bytes]) -> Array:
    """How alike the details of P pairs of faces are in whatever light: about 0.9 for one person, 0.3 for two.

    Args:
        first: P thumbnails as in `faces/`; one of another length than SIDE x SIDE is unknown.
        second: those to compare them with.

    Returns:
        (P,) the best correlation within a shift of one pixel, -1 to 1; NaN where one is unknown.
    """
    return _best(first, second, lambda pictures: _local(pictures, 2.0, 3.0, 2.0))


def details_of_all(first: Sequence[bytes], second: Sequence[bytes]) -> Array:
    """As `details`, of each of P faces with each of Q, all of them known: (P, Q)."""
    one, two = (_local(_pictures(side), 2.0, 3.0, 2.0) for side in (first, second))
    alike = [np.full((len(first), len(second)), -1.0)]
    for right, down in ((right, down) for right in _SHIFTS for down in _SHIFTS):
        here, there = _common(SIDE, right, down)
        weights = _FACE[here] / _FACE[here].sum()
        alike.append(_unit(one[:, *here], weights) @ _unit(two[:, *there], weights).T)
    return np.asarray(np.max(alike, axis=0))


def tones(first: Sequence[bytes], second: Sequence[bytes]) -> Array:
    """How alike the grey values themselves are, as `details`: steadier, where the light is the same."""
    return _best(first, second, lambda pictures: pictures)


def _best(first: Sequence[bytes], second: Sequence[bytes], seen: Callable[[Array], Array]) -> Array:
    alike = np.full(len(first), np.nan)
    known = [row for row, pair in enumerate(zip(first, second, strict=True)) if {len(one) for one in pair} == {SIDE**2}]
    if known:
        one, two = (seen(_pictures([side[row] for row in known])) for side in (first, second))
        shifts = [(right, down) for right in _SHIFTS for down in _SHIFTS]
        alike[known] = np.max([_correlation(*_overlap(one, two, *shift)) for shift in shifts], axis=0)
    return alike


def scenes(before: Sequence[int], after: Sequence[int]) -> float:
    """How alike the coarse structure of two frames is, from their signatures: 1 the same, 0 unrelated or unknown."""
    if len(before) != 3 * _CELLS**2 or len(after) != len(before):
        return 0.0
    grey = np.array((before, after), np.float64).reshape(2, _CELLS, _CELLS, 3).mean(axis=-1)
    one, two = _local(grey, 1.5, 2.0, 4.0)
    return float(_correlation(one, two, np.ones_like(one)))


def _pictures(thumbnails: Sequence[bytes]) -> Array:
    return np.frombuffer(b"".join(thumbnails), np.uint8).astype(np.float64).reshape(-1, SIDE, SIDE)


def _overlap(one: Array, two: Array, right: int, down: int) -> tuple[Array, Array, Array]:
    """What two (N, S, S) have in common when the second is moved by some pixels, and how much each pixel counts."""
    here, there = _common(one.shape[-1], right, down)
    return one[:, *here], two[:, *there], _FACE[here]


def _common(side: int, right: int, down: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The part that two squares share when the second is moved, in the coordinates of each."""
    here = slice(max(down, 0), side + min(down, 0)), slice(max(right, 0), side + min(right, 0))
    there = slice(max(-down, 0), side + min(-down, 0)), slice(max(-right, 0), side + min(-right, 0))
    return here, there


def _local(pictures: Array, near: float, far: float, floor: float) -> Array:
    """Pictures (N, S, S) less their mean nearby, over the deviation that is left, of `floor` grey levels at least."""
    mean, spread = (_blurring(pictures.shape[-1], sigma) for sigma in (near, far))
    detail = pictures - mean @ pictures @ mean.T
    return np.asarray(detail / np.sqrt(spread @ detail**2 @ spread.T + floor**2))


def _blurring(side: int, sigma: float) -> Array:
    """The matrix (S, S) that blurs columns by a Gaussian; at the borders over what is inside."""
    distance = np.subtract.outer(np.arange(side), np.arange(side))
    weights = np.exp(-(distance**2) / (2 * sigma**2))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _correlation(first: Array, second: Array, weights: Array) -> Array:
    """Pearson's correlation over the last two axes; 0 where one is flat."""
    weights = weights / weights.sum()
    first, second = (one - (weights * one).sum(axis=(-2, -1), keepdims=True) for one in (first, second))
    norm = np.sqrt((weights * first**2).sum(axis=(-2, -1)) * (weights * second**2).sum(axis=(-2, -1)))
    return np.asarray((weights * first * second).sum(axis=(-2, -1)) / np.maximum(norm, 1e-9))


def _unit(pictures: Array, weights: Array) -> Array:
    """Pictures (N, S, T) as vectors (N, S * T) whose products are weighted correlations; 0 where one is flat."""
    apart = (pictures - (weights * pictures).sum(axis=(-2, -1), keepdims=True)) * np.sqrt(weights)
    vectors = apart.reshape(len(pictures), weights.size)
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9))


def _centred(side: int, reach: float) -> Array:
    """Weights (S, S) that fall from the centre like a Gaussian, to 1/e at `reach` of half the side."""
    off = (np.arange(side) - (side - 1) / 2) / (side / 2)
    return np.asarray(np.exp(-(off**2 + off[:, None] ** 2) / reach**2))


_FACE = _centred(SIDE, 0.7)
"""How much each pixel of a thumbnail counts: near the corners it shows what is behind the face."""
