"""What somebody looks like in one frame: a tiny grey picture of the face, and the colours of and around the head."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.looks import SIDE

_FACE, _AROUND = 5.2, 9.0
"""Sides of the squares, in root mean square distances of eyes and mouth corners from their centre: chin to hairline, as
in `detector/thumbnails.py`; and with hair, neck and collar."""
_SQUARE = 64  # pixels of either
_MEAN, _DEVIATION = 128, 45  # of the grey values, whatever the light
_LIGHTNESSES, _HUES, _CHROMA = 5, 11, 44  # bins of CIELAB's L and of a and b, which are cut at ± _CHROMA


class Look(NamedTuple):
    """`thumbnail`: SIDE x SIDE grey values of the upright face, as `shared.looks` compares them.

    `colours`: (605,) float64, the square roots of the shares that colours have of the picture: the product of two is
    their Bhattacharyya coefficient, 1 for the same colours and 0 for none in common.
    """

    thumbnail: bytes
    colours: NDArray[np.float64]


def look(image: NDArray[np.uint8], landmarks: NDArray[np.float32]) -> Look:
    """The look of a face with these (5, 2) landmarks, in pixels of the frame (H, W, 3) BGR."""
    face, around = (_upright(image, landmarks, extent) for extent in (_FACE, _AROUND))
    return Look(_thumbnail(face), _colours(around))


def _upright(image: NDArray[np.uint8], landmarks: NDArray[np.float32], extent: float) -> NDArray[np.uint8]:
    """A square around the face, with its eyes level, (_SQUARE, _SQUARE, 3); outside the frame its edge is repeated."""
    points = landmarks.astype(np.float64)[[0, 1, 3, 4]]
    centre = points.mean(axis=0)
    radius = max(float(np.sqrt(((points - centre) ** 2).sum(axis=1).mean())), 1.0)
    across = landmarks[1].astype(np.float64) - landmarks[0]
    angle = np.arctan2(across[1], across[0])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) * _SQUARE / (extent * radius)
    to_square = np.column_stack((turn, _SQUARE / 2 - turn @ centre))
    return np.asarray(cv2.warpAffine(image, to_square, (_SQUARE, _SQUARE), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _thumbnail(face: NDArray[np.uint8]) -> bytes:
    grey = cv2.resize(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    values = grey.astype(np.float32)
    normal = (values - values.mean()) / max(float(values.std()), 1.0)
    return bytes((_MEAN + _DEVIATION * normal).clip(0, 255).astype(np.uint8))


def _colours(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    lab = cv2.cvtColor(picture, cv2.COLOR_BGR2LAB).reshape(-1, 3).astype(np.int64)
    light = lab[:, 0] * _LIGHTNESSES // 256
    green_red, blue_yellow = ((lab[:, 1:] - 128 + _CHROMA) * _HUES // (2 * _CHROMA)).clip(0, _HUES - 1).T
    shape = (_LIGHTNESSES, _HUES, _HUES)
    counts = np.bincount(np.ravel_multi_index((light, green_red, blue_yellow), shape), minlength=int(np.prod(shape)))
    shares = counts.reshape(shape) / len(lab)
    for axis in range(shares.ndim):  # a colour at the border of two bins is of both
        wide = np.pad(shares, [(int(one == axis),) * 2 for one in range(shares.ndim)], mode="edge")
        before, after = (wide.take(range(start, start + shares.shape[axis]), axis) for start in (0, 2))
        shares = (before + 2 * shares + after) / 4
    return np.asarray(np.sqrt(shares.ravel() / shares.sum()), np.float64)
