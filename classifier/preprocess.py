"""From crops to network input: the preprocessing shared by training's evaluation and the running system."""

from collections.abc import Sequence
from typing import Annotated, Literal

import cv2
import msgspec
import numpy as np

CROP_SIDE = 1.3
"""Side of the detector's square crops in box heights."""


class InputSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A network's input, as stored in a release's config.

    `size` is the side of the input in pixels; `mean` and `std` normalise grey values in 0..1. `view` is the side of the
    square the network sees, in box heights, and `view_dy` how far its centre lies below the box's. `detail` is the side
    of the training images: larger views are first downscaled to it, to be as blurred as those (0 = never).
    """

    size: Annotated[int, msgspec.Meta(ge=8, le=1024)]
    channels: Literal[1]
    mean: float
    std: Annotated[float, msgspec.Meta(gt=0)]
    view: Annotated[float, msgspec.Meta(gt=0, le=CROP_SIDE)]
    view_dy: Annotated[float, msgspec.Meta(ge=-0.5, le=0.5)]
    detail: Annotated[int, msgspec.Meta(ge=0, le=1024)]


def prepare(crops: Sequence[np.ndarray], spec: InputSpec, *, whole: bool = False) -> np.ndarray:
    """The network's input for crops of any size.

    Args:
        crops: square (s, s, 3) BGR or (s, s) grey uint8 images, CROP_SIDE box heights wide, centred on the box.
        spec: the network's input.
        whole: the crops are the view itself (a data set's images) and are not cut.

    Returns:
        (N, 1, size, size) float32.
    """
    batch = np.empty((len(crops), spec.size, spec.size), np.float32)
    for row, crop in zip(batch, crops, strict=True):
        row[:] = _view(crop if whole else _cut(crop, spec), spec)
    batch *= 1 / (255 * spec.std)
    batch -= spec.mean / spec.std
    return batch[:, None]


def _cut(crop: np.ndarray, spec: InputSpec) -> np.ndarray:
    height, width = crop.shape[:2]
    full = min(height, width)
    side = min(max(round(full * spec.view / CROP_SIDE), 1), full)
    top = round((height - side) / 2 + full * spec.view_dy / CROP_SIDE)
    top = min(max(top, 0), height - side)
    left = round((width - side) / 2)
    return crop[top : top + side, left : left + side]


def _view(image: np.ndarray, spec: InputSpec) -> np.ndarray:
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if spec.detail and min(grey.shape) > spec.detail:
        grey = cv2.resize(grey, (spec.detail, spec.detail), interpolation=cv2.INTER_AREA)
    shrinks = min(grey.shape) > spec.size
    return cv2.resize(grey, (spec.size, spec.size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
