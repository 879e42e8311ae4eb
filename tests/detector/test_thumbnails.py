"""A face's thumbnail: the same in more or less light, whatever the face's size and roll."""

import cv2
import numpy as np
import pytest

from detector.thumbnails import SIDE, thumbnail


@pytest.fixture(scope="session")
def landmarks(detector, portrait):
    """Those of the one face in the portrait."""
    return detector.detect(portrait).landmarks[0]


def seen(frame, landmarks):
    """The thumbnail's pixels."""
    return np.frombuffer(thumbnail(frame, landmarks), np.uint8).reshape(SIDE, SIDE).astype(float)


def alike(one, two):
    """Correlation of two thumbnails."""
    return np.corrcoef(one.ravel(), two.ravel())[0, 1]


def test_brightness_and_contrast_are_gone(portrait, landmarks):
    """Half the light, or haze, leaves mean and contrast as they are."""
    plain = seen(portrait, landmarks)
    assert plain.mean() == pytest.approx(128, abs=3)
    assert plain.std() == pytest.approx(45, abs=3)
    for other in (portrait // 2, portrait // 4 + 120):
        assert np.abs(seen(other, landmarks) - plain).max() < 12


@pytest.mark.parametrize(("roll", "scale"), [(0, 0.5), (20, 1), (-35, 0.7), (90, 1), (0, 0.2)])
def test_a_turned_or_smaller_face_looks_the_same(portrait, landmarks, roll, scale):
    """The square follows eyes and mouth."""
    turn = cv2.getRotationMatrix2D((224.0, 117.0), roll, scale)
    frame = cv2.warpAffine(portrait, turn, (512, 512), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
    moved = landmarks @ turn[:, :2].T + turn[:, 2]
    assert alike(seen(frame, moved), seen(portrait, landmarks)) > 0.9


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), np.nan), np.full((5, 2), 1e7), -np.ones((5, 2))])
def test_odd_landmarks_give_some_thumbnail(points):
    """Landmarks that coincide or lie outside are no reason to fail; a flat picture is plain grey."""
    assert thumbnail(np.full((20, 30, 3), 77, np.uint8), points) == bytes([128]) * SIDE**2
