"""The demo: a portrait on a card that moves, tilts, zooms, leaves and returns, at times beside its mirror image.

The portrait, `portrait.png`, is Eileen Collins, NASA, public domain, cut from scikit-image's `data.astronaut`.
"""

from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

LOOP_SECONDS = 30.0

_PORTRAIT = Path(__file__).with_name("portrait.png")
_FACE_CENTRE = (124.0, 117.0)  # of MTCNN's box in the portrait, x y
_FACE_HEIGHT = 110.0
_ENLARGED = 3  # once, in high quality, so that the fast per-frame resampling mostly shrinks
_SHADOW = 36  # margin around the card for its shadow, in pixels of the enlarged card
_CORNER = 42  # radius, likewise

# (second, face centre x and y, face height as shares of the frame's size, tilt in degrees)
_FIRST = (
    (0.0, 0.50, 0.44, 0.28, 0.0),
    (4.5, 0.30, 0.42, 0.36, -5.0),
    (9.5, 0.58, 0.50, 0.44, 4.0),
    (13.0, 0.70, 0.43, 0.22, -2.0),
    (16.5, 1.22, 0.43, 0.22, 6.0),
    (18.0, 1.22, 0.43, 0.26, 6.0),
    (21.5, 0.68, 0.42, 0.26, 0.0),
    (26.0, 0.72, 0.44, 0.30, -3.0),
    (30.0, 0.50, 0.44, 0.28, 0.0),
)
_SECOND = (
    (0.0, -0.30, 0.45, 0.24, -6.0),
    (20.0, -0.30, 0.45, 0.24, -6.0),
    (23.5, 0.30, 0.42, 0.29, 0.0),
    (25.5, 0.26, 0.46, 0.26, 4.0),
    (29.0, -0.30, 0.45, 0.24, -6.0),
    (30.0, -0.30, 0.45, 0.24, -6.0),
)


def demo_frame(index: int, size: tuple[int, int] = (1280, 720), fps: float = 30.0) -> NDArray[np.uint8]:
    """Frame `index` of the demo: (H, W, 3) uint8 BGR of the given (W, H), deterministic.

    It loops seamlessly every 30 s; faces are about 0.2 to 0.45 of the frame's height.
    """
    second = index / fps % LOOP_SECONDS
    frame = _background(size).copy()
    plain, mirrored = _cards()
    _paste(frame, mirrored, _pose(_SECOND, second), mirror=True)
    _paste(frame, plain, _pose(_FIRST, second), mirror=False)
    return frame


def _pose(path: tuple[tuple[float, ...], ...], second: float) -> tuple[float, ...]:
    """(x, y, height, tilt) at a time: keyframes with smoothstep easing."""
    for start, end in pairwise(path):
        if start[0] <= second < end[0]:
            share = (second - start[0]) / (end[0] - start[0])
            eased = share * share * (3 - 2 * share)
            return tuple(a + (b - a) * eased for a, b in zip(start[1:], end[1:], strict=True))
    raise ValueError(f"second {second} is outside the loop")


@lru_cache(maxsize=4)
def _background(size: tuple[int, int]) -> NDArray[np.uint8]:
    """A dusky gradient with two soft lights, dithered against banding."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    picture = np.array([62, 46, 36], np.float32) + y[..., None] * np.array([34, 30, 22], np.float32)
    for light_x, light_y, radius, colour in ((0.25, 0.2, 0.7, (46, 38, 14)), (1.5, 0.9, 0.8, (34, 22, 34))):
        distance = ((x - light_x) ** 2 + (y - light_y) ** 2) / radius**2
        picture += np.exp(-2 * distance)[..., None] * np.array(colour, np.float32)
    noise = np.random.default_rng(0).random(picture.shape, dtype=np.float32)
    return np.asarray(picture + noise, np.uint8)


@cache
def _cards() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The card and its mirrored, cooler twin: BGRA with premultiplied alpha, rounded corners, a shadow."""
    portrait = cv2.imdecode(np.fromfile(_PORTRAIT, np.uint8), cv2.IMREAD_COLOR)
    assert portrait is not None  # noqa: S101 — it is part of this package
    photo = cv2.resize(portrait, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_LANCZOS4)
    cooler = np.clip(photo[:, ::-1] * np.array([1.04, 0.98, 0.90]), 0, 255)
    return _card(np.asarray(photo, np.uint8)), _card(np.asarray(cooler, np.uint8))


def _card(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    framed = cv2.copyMakeBorder(photo, _SHADOW, _SHADOW, _SHADOW, _SHADOW, cv2.BORDER_REPLICATE)
    inside = np.zeros(framed.shape[:2], np.uint8)
    inner = _SHADOW + _CORNER + 3  # 3 keep the blur off the replicated border
    inside[inner:-inner, inner:-inner] = 255
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _CORNER + 1, 2 * _CORNER + 1))
    rounded = cv2.GaussianBlur(cv2.dilate(inside, disc), (0, 0), 1.5)
    shadow = cv2.GaussianBlur(rounded, (0, 0), _SHADOW / 3)
    cover = rounded[..., None] / 255
    alpha = 255 * cover + 0.55 * shadow[..., None] * (1 - cover)
    return np.concatenate([framed * cover, alpha], axis=2).round().astype(np.uint8)


def _paste(frame: NDArray[np.uint8], card: NDArray[np.uint8], pose: tuple[float, ...], *, mirror: bool) -> None:
    """Blend the card into the frame with its face at the pose; touches only the rectangle it covers."""
    height, width = frame.shape[:2]
    bottom, right = card.shape[:2]
    x, y, face, tilt = pose
    centre_x, centre_y = (at * _ENLARGED + _SHADOW for at in _FACE_CENTRE)
    if mirror:
        centre_x = right - centre_x
    matrix = cv2.getRotationMatrix2D((centre_x, centre_y), tilt, face * height / (_FACE_HEIGHT * _ENLARGED))
    matrix[:, 2] += x * width - centre_x, y * height - centre_y
    corners = np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]]) @ matrix[:, :2].T + matrix[:, 2]
    x1, y1 = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    x2, y2 = np.minimum(np.ceil(corners.max(axis=0)), (width, height)).astype(int)
    if x1 >= x2 or y1 >= y2:
        return
    matrix[:, 2] -= x1, y1
    warped = cv2.warpAffine(card, matrix, (int(x2 - x1), int(y2 - y1)))
    behind = cv2.cvtColor(255 - warped[..., 3], cv2.COLOR_GRAY2BGR)
    part = frame[y1:y2, x1:x2]
    cv2.multiply(part, behind, dst=part, scale=1 / 255)
    cv2.add(part, cv2.cvtColor(warped, cv2.COLOR_BGRA2BGR), dst=part)
