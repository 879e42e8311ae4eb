"""A portrait that scikit-image ships, frames composed of it, and one detector for all tests."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from skimage import data

from detector.mtcnn import Detector
from shared.settings import DEFAULTS

FACE = np.array([181.05, 62.16, 267.75, 172.05])
"""Where facenet-pytorch sees the face in the portrait."""


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """(512, 512, 3) uint8 BGR, one face at FACE."""
    return np.ascontiguousarray(data.astronaut()[:, :, ::-1])


@pytest.fixture(scope="session")
def crowd(portrait: np.ndarray) -> np.ndarray:
    """(345, 1200, 3): ten by three heads, each brighter than the one before so that no two are equal."""
    head = cv2.resize(portrait[20:250, 125:325], (120, 115), interpolation=cv2.INTER_AREA)
    heads = [cv2.convertScaleAbs(head, alpha=0.6 + index / 50) for index in range(30)]
    return np.vstack([np.hstack(heads[row * 10 : row * 10 + 10]) for row in range(3)])


@pytest.fixture(scope="session")
def make_detector() -> Callable[..., Detector]:
    """A detector with the reference's settings, unless told otherwise."""

    def make(**changed: object) -> Detector:
        settings = {"min_face_size": 20, "detect_thresholds": (0.6, 0.7, 0.7), "detect_max_side": 0, "max_faces": 100}
        return Detector(DEFAULTS.model_copy(update=settings | {"device": "cpu"} | changed))

    return make


@pytest.fixture(scope="session")
def detector(make_detector: Callable[..., Detector]) -> Detector:
    """One detector that has seen whatever the tests before it showed."""
    return make_detector()


@pytest.fixture(scope="session")
def place(portrait: np.ndarray) -> Callable[..., np.ndarray]:
    """The portrait, scaled, on a grey frame of the given size with its top-left corner at x, y; returns the frame."""

    def compose(width: int, height: int, *spots: tuple[int, int, float]) -> np.ndarray:
        frame = np.full((height, width, 3), 96, np.uint8)
        for x, y, scale in spots:
            scaled = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            frame[y : y + len(scaled), x : x + len(scaled)] = scaled
        return frame

    return compose
