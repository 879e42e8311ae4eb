"""From crops to network input: the preprocessing shared by training's evaluation and the running system."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

import cv2
import msgspec
import numpy as np

CROP_SIDE = 1.3
"""Side of the detector's square crops in box heights."""
Pixels = TypeVar("Pixels", bound=Any)
"""A numpy array or a torch tensor: training spreads tensors, on their device."""
LEAST_DEVIATION = 3.0
"""In grey levels; below, there is nothing but noise to make visible."""


class Spread(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the grey values of a dark or hazy view are spread; all in grey levels, 0..255.

    A view whose standard deviation is at most `full_below` gets `mean` and `deviation`; from `none_above` on it stays
    as it is, and in between it becomes a mixture, in proportion.
    """

    mean: Annotated[float, msgspec.Meta(ge=0, le=255)] = 128.0
    deviation: Annotated[float, msgspec.Meta(gt=0, le=128)] = 58.0
    full_below: Annotated[float, msgspec.Meta(ge=0, le=128)] = 15.0
    none_above: Annotated[float, msgspec.Meta(gt=0, le=128)] = 25.0


class InputSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A network's input, as stored in a release's config.

    `size` is the side of the input in pixels; `mean` and `std` normalise grey values in 0..1. `view` is the side of the
    square the network sees, in box heights, and `view_dy` how far its centre lies below the box's. `detail` is the side
    of the training images: larger views are first downscaled to it, to be as blurred as those (0 = never). `spread`
    says what is done to views of low contrast (None: nothing).
    """

    size: Annotated[int, msgspec.Meta(ge=8, le=1024)]
    channels: Literal[1]
    mean: float
    std: Annotated[float, msgspec.Meta(gt=0)]
    view: Annotated[float, msgspec.Meta(gt=0, le=CROP_SIDE)]
    view_dy: Annotated[float, msgspec.Meta(ge=-0.5, le=0.5)]
    detail: Annotated[int, msgspec.Meta(ge=0, le=1024)]
    spread: Spread | None = None


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
    batch = spread(batch, spec.spread)
    batch *= 1 / (255 * spec.std)
    batch -= spec.mean / spec.std
    return batch[:, None]


def spread(views: Pixels, how: Spread | None) -> Pixels:
    """Views (N, S, S) of float grey values 0..255 with those of low contrast spread; an array or a tensor."""
    if how is None:
        return views
    flat = views.reshape(len(views), -1)
    mean = flat.mean(1)[:, None]
    deviation = ((flat - mean) ** 2).mean(1)[:, None] ** 0.5
    share = ((how.none_above - deviation) / max(how.none_above - how.full_below, 1e-6)).clip(0, 1)
    if not (share > 0).any():
        return views
    gain = 1 + share * (how.deviation / deviation.clip(LEAST_DEVIATION, None) - 1)
    relit = (flat - mean) * gain + mean + share * (how.mean - mean)
    spread_out: Pixels = relit.clip(0, 255).reshape(views.shape)
    return spread_out


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
