"""Quality of faces: each measure follows what it is meant to see, and nothing else."""

import cv2
import numpy as np
import pytest

from detector.crops import roll, square_crop
from detector.quality import measure
from shared.messages import Quality

BOX = np.array([110.0, 90.0, 190.0, 210.0])
LANDMARKS = np.array([[130.0, 135.0], [170.0, 135.0], [150.0, 155.0], [135.0, 178.0], [165.0, 178.0]])


def textured(seed: int = 0) -> np.ndarray:
    """A frame (300, 300, 3) with structure at the scale of a face's features, mean 128, deviation 40."""
    noise = np.random.default_rng(seed).normal(size=(300, 300)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 4)
    grey = (smooth - smooth.mean()) / smooth.std() * 40 + 128
    return np.repeat(grey.clip(0, 255)[..., None], 3, 2).astype(np.uint8)


def of(frame: np.ndarray, box: np.ndarray = BOX, landmarks: np.ndarray = LANDMARKS) -> Quality:
    """The quality as the stage measures it."""
    angle = roll(landmarks)
    crop, square = square_crop(frame, box, roll=angle)
    return measure(crop, square, box, landmarks, angle)


def test_light_and_size_are_those_of_the_face() -> None:
    """Pixels of the frame, and grey levels."""
    frame = np.full((300, 300, 3), 90, np.uint8)
    frame[:, 150:] = 110
    quality = of(frame)
    assert quality.size == 80
    assert quality.brightness == pytest.approx(100, abs=1)
    assert quality.contrast == pytest.approx(10, abs=1)
    assert (quality.roll, quality.turned) == (0, pytest.approx(43 / 40, abs=1e-3))


def test_blur_takes_sharpness_and_adds_no_noise() -> None:
    """The more, the less is left."""
    frame = textured()
    qualities = [of(frame), *(of(cv2.GaussianBlur(frame, (0, 0), sigma)) for sigma in (4, 8))]
    sharpness = [quality.sharpness for quality in qualities]
    assert sharpness == sorted(sharpness, reverse=True)
    assert sharpness[2] < sharpness[0] / 2
    assert max(quality.noise for quality in qualities) < 0.03


def test_noise_is_measured_in_contrasts() -> None:
    """Noise of 10 grey levels is found as such, whatever lies beneath."""
    frame = cv2.resize(textured(), (120, 120), interpolation=cv2.INTER_AREA)[:, :, 0]
    box, landmarks = BOX * 0.4, LANDMARKS * 0.4  # 48 pixels high: nothing is reduced
    noisy = (frame + np.random.default_rng(1).normal(0, 10, frame.shape)).clip(0, 255).astype(np.uint8)
    clean, worse = (of(np.repeat(one[..., None], 3, 2), box, landmarks) for one in (frame, noisy))
    levels = [quality.noise * min(quality.contrast, 40) for quality in (clean, worse)]
    assert (levels[1] ** 2 - levels[0] ** 2) ** 0.5 == pytest.approx(10, rel=0.2)


def test_the_dark_is_noisy_and_less_light_takes_no_sharpness() -> None:
    """Rounding to whole grey levels is all that is left to see."""
    frame = textured()
    bright, dark = of(frame), of((frame * 0.03).astype(np.uint8))
    assert dark.brightness < 5
    assert dark.noise > 3 * bright.noise
    assert dark.sharpness > 0.8 * bright.sharpness


def test_a_turned_head_has_its_eyes_close_together() -> None:
    """Whichever side it turns to, tilted or not."""
    frame = textured()
    narrow = LANDMARKS.copy()
    narrow[:, 0] = (narrow[:, 0] - 150) * 0.5 + 150
    assert of(frame, landmarks=narrow).turned == pytest.approx(2 * of(frame).turned, rel=0.01)
    centre = LANDMARKS.mean(0)
    turn = np.array([[np.cos(0.5), np.sin(0.5)], [-np.sin(0.5), np.cos(0.5)]])
    tilted = of(frame, landmarks=(LANDMARKS - centre) @ turn + centre)
    assert tilted.turned == pytest.approx(of(frame).turned, rel=0.01)
    assert tilted.roll == pytest.approx(np.degrees(0.5), abs=0.1)


@pytest.mark.parametrize("tilt", [0, 30])
def test_a_covered_mouth_has_no_texture(tilt: int) -> None:
    """Where it is in the upright crop, however the head is tilted."""
    frame = textured()
    covered = frame.copy()
    covered[158:250, 90:210] = 100
    around = cv2.getRotationMatrix2D((150, 150), -tilt, 1)
    landmarks = LANDMARKS @ around[:, :2].T + around[:, 2]
    bare, hidden = (
        of(cv2.warpAffine(one, around, (300, 300), borderMode=cv2.BORDER_REPLICATE), landmarks=landmarks).mouth
        for one in (frame, covered)
    )
    assert bare > 0.6
    assert hidden < 0.1


@pytest.mark.parametrize("box", [[0, 0, 0, 0], [5, 5, 6, 6], [-50, -50, -10, -10], [0, 0, 2000, 3000]])
def test_any_box_and_landmarks_give_finite_numbers(box: list[float]) -> None:
    """Also where nothing is to be seen."""
    for frame in (textured(), np.zeros((300, 300, 3), np.uint8)):
        quality = of(frame, np.array(box, float), np.zeros((5, 2)))
        assert np.isfinite([getattr(quality, name) for name in quality.__struct_fields__]).all()
