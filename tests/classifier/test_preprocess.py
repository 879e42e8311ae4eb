"""From crops to input: what the network sees."""

import cv2
import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from classifier.preprocess import CROP_SIDE, InputSpec, Spread, prepare

SPEC = InputSpec(size=224, channels=1, mean=0.5, std=0.5, view=0.93, view_dy=0.0, detail=48)


def gradient(side: int) -> np.ndarray:
    """A square that grows brighter downwards, 0 to 255."""
    return np.repeat(np.linspace(0, 255, side)[:, None], side, 1).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (7, 7), (48, 48), (200, 200), (1, 1, 3), (31, 31, 3), (256, 256, 3)])
def test_any_crop_becomes_the_same_shape(shape: tuple[int, ...]) -> None:
    """Grey or BGR, tiny or large: one float32 input in −1..1."""
    crop = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    batch = prepare([crop, crop], SPEC)
    assert batch.shape == (2, 1, 224, 224)
    assert batch.dtype == np.float32
    assert np.abs(batch).max() <= 1 + 1e-6


def test_no_crops_make_an_empty_batch() -> None:
    """A frame without faces is no special case."""
    assert prepare([], SPEC).shape == (0, 1, 224, 224)


def test_a_fer_picture_is_enlarged_and_normalised_only() -> None:
    """A 48-pixel picture becomes (bilinear 224 / 255 − 0.5) / 0.5."""
    picture = np.random.default_rng(1).integers(0, 256, (48, 48)).astype(np.uint8)
    expected = (cv2.resize(picture, (224, 224), interpolation=cv2.INTER_LINEAR) / 255 - 0.5) / 0.5
    assert np.abs(prepare([picture], SPEC, whole=True)[0, 0] - expected).max() < 1e-5


def test_the_view_is_the_middle_of_the_crop() -> None:
    """The network sees `view` box heights of the crop's 1.3, in the middle."""
    side = 260
    seen = prepare([gradient(side)], replace(SPEC, detail=0))[0, 0, :, 0]
    margin = (1 - SPEC.view / CROP_SIDE) / 2
    assert seen[0] == pytest.approx(2 * margin - 1, abs=0.02)
    assert seen[-1] == pytest.approx(1 - 2 * margin, abs=0.02)


def test_an_offset_moves_the_view_down() -> None:
    """`view_dy` is in box heights and positive downwards."""
    level, lower = (prepare([gradient(260)], replace(SPEC, view_dy=dy))[0, 0].mean() for dy in (0.0, 0.1))
    assert lower - level == pytest.approx(2 * 0.1 / CROP_SIDE, abs=0.02)


def test_a_sharp_face_is_brought_to_the_training_pictures_detail() -> None:
    """Stripes finer than a 48-pixel picture can show are gone, so a large crop looks like a FER picture."""
    stripes = np.tile(np.array([0, 255], np.uint8), (240, 120))
    assert np.abs(prepare([stripes], SPEC, whole=True)).max() < 0.25
    assert np.abs(prepare([stripes[:, :240]], replace(SPEC, detail=0, size=240), whole=True)).max() == pytest.approx(1)


def test_grey_and_equal_colours_are_the_same() -> None:
    """A grey face sent as BGR gives the same input."""
    grey = np.random.default_rng(2).integers(0, 256, (90, 90)).astype(np.uint8)
    assert np.array_equal(prepare([grey], SPEC), prepare([cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)], SPEC))


FACE = np.random.default_rng(3).normal(120, 55, (48, 48)).clip(0, 255)


@pytest.mark.parametrize("light", [1 / 10, 1 / 7, 1 / 4])
def test_a_dark_view_gets_ordinary_contrast(light: float) -> None:
    """Up to `full_below` its mean and deviation become those of the training pictures, and clean ones stay exact."""
    spec = replace(SPEC, size=48, spread=Spread())
    dark = (FACE * light).astype(np.uint8)
    seen = (prepare([dark], spec, whole=True)[0, 0] + 1) * 127.5
    assert seen.mean() == pytest.approx(128, abs=3)
    assert seen.std() == pytest.approx(58, abs=3)
    clean = FACE.astype(np.uint8)
    assert np.array_equal(prepare([clean], spec, whole=True), prepare([clean], replace(spec, spread=None), whole=True))


def test_between_its_limits_a_view_is_spread_in_part() -> None:
    """No step where a lamp is dimmed: half-way between both limits half of the change is made."""
    view = np.where(np.arange(48 * 48).reshape(48, 48) % 2, 120, 80).astype(np.uint8)  # deviation 20, mean 100
    seen = (prepare([view], replace(SPEC, size=48, spread=Spread()), whole=True)[0, 0] + 1) * 127.5
    assert seen.mean() == pytest.approx(114, abs=0.1)
    assert seen.std() == pytest.approx((20 + 58) / 2, abs=0.1)


def test_an_even_view_stays_dull() -> None:
    """Nothing but sensor noise is not blown up to a face's contrast; one value everywhere is no division by zero."""
    noise = np.random.default_rng(4).normal(20, 0.5, (48, 48)).round().astype(np.uint8)
    spec = replace(SPEC, size=48, spread=Spread())
    assert (prepare([noise], spec, whole=True) * 127.5).std() < 15
    assert np.isfinite(prepare([np.zeros((48, 48), np.uint8)], spec, whole=True)).all()


def test_the_spread_is_part_of_a_models_config() -> None:
    """Models without it keep their answers, and it is read as it was written."""
    assert b"spread" not in msgspec.json.encode(SPEC)
    spec = replace(SPEC, spread=Spread(full_below=12))
    assert msgspec.json.decode(msgspec.json.encode(spec), type=InputSpec) == spec
