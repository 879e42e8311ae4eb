"""The classifier's square."""

import cv2
import numpy as np
import pytest

from detector.crops import LEAST_ROLL, roll, square_crop

RANDOM = np.random.default_rng(3)
FRAME = RANDOM.integers(0, 256, (120, 160, 3), np.uint8)


def test_inside_the_frame_it_is_the_frames_pixels() -> None:
    """A box 40 high gives the 52 x 52 pixels around its centre, whatever the box's width."""
    for half_width in (5, 20, 33):
        crop, xyxy = square_crop(FRAME, np.array([80 - half_width, 40, 80 + half_width, 80], np.float32))
        assert xyxy.tolist() == [54, 34, 106, 86]
        assert xyxy.dtype == np.float32
        assert crop.flags.c_contiguous
        np.testing.assert_array_equal(crop, FRAME[34:86, 54:106])


def test_odd_sides_are_centred_to_half_a_pixel() -> None:
    """The square's centre is the box's, up to rounding to whole pixels."""
    crop, xyxy = square_crop(FRAME, np.array([60.0, 40.0, 90.0, 70.0]), margin=1.5)
    assert crop.shape == (45, 45, 3)
    assert abs((xyxy[0] + xyxy[2]) / 2 - 75) <= 0.5
    assert abs((xyxy[1] + xyxy[3]) / 2 - 55) <= 0.5


@pytest.mark.parametrize(
    "box", [[-10, -10, 30, 50], [130, 80, 170, 130], [40, -20, 80, 130], [0, 0, 160, 120], [150, 0, 160, 20]]
)
def test_outside_the_frame_the_edge_is_repeated(box: list[float]) -> None:
    """Pixels beyond the frame are those of the nearest edge, exactly."""
    crop, xyxy = square_crop(FRAME, np.array(box, np.float32))
    x1, y1, x2, y2 = xyxy.astype(int)
    side = round(1.3 * (box[3] - box[1]))
    assert crop.shape == (side, side, 3)
    assert (x2 - x1, y2 - y1) == (side, side)
    padded = np.pad(FRAME, ((200, 200), (200, 200), (0, 0)), mode="edge")
    np.testing.assert_array_equal(crop, padded[y1 + 200 : y2 + 200, x1 + 200 : x2 + 200])


def test_large_squares_are_scaled_by_area() -> None:
    """Above `max_side` every pixel is the mean of those it covers; the square itself stays."""
    crop, xyxy = square_crop(FRAME, np.array([60.0, 30.0, 100.0, 70.0]), margin=2.0, max_side=20)
    assert xyxy.tolist() == [40, 10, 120, 90]
    expected = FRAME[10:90, 40:120].reshape(20, 4, 20, 4, 3).mean(axis=(1, 3))
    assert crop.shape == (20, 20, 3)
    assert np.abs(crop - expected).max() <= 0.5


@pytest.mark.parametrize(
    "box",
    [
        [50, 50, 50, 50],
        [70, 60, 20, 10],
        [1e9, 1e9, 2e9, 2e9],
        [-500, -500, -400, -400],
        [160, 120, 160, 120],
        [float("nan")] * 4,
        [float("-inf"), 0, float("inf"), 50],
        [0, -1e30, 10, 1e30],
    ],
)
def test_degenerate_boxes_give_a_square(box: list[float]) -> None:
    """No size, turned round, far outside or no number at all: still a square, no larger than makes sense."""
    crop, xyxy = square_crop(FRAME, np.array(box), max_side=500)
    assert crop.shape[0] == crop.shape[1] == xyxy[2] - xyxy[0] == xyxy[3] - xyxy[1]
    assert 1 <= crop.shape[0] <= 208
    assert crop.dtype == np.uint8


def test_one_pixel_frames() -> None:
    """The smallest frame there is gives squares of its one colour."""
    crop, _ = square_crop(np.full((1, 1, 3), 7, np.uint8), np.array([0, 0, 1, 1], np.float32))
    assert (crop == 7).all()


def bar(angle: float, side: int = 400) -> np.ndarray:
    """A picture of a bar below the centre, turned clockwise about the centre by degrees."""
    picture = np.zeros((side, side, 3), np.uint8)
    picture[side // 2 + 20 : side // 2 + 40, side // 2 - 40 : side // 2 + 40] = 255
    centre = (side - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), -angle, 1)
    return np.asarray(cv2.warpAffine(picture, matrix, (side, side)), np.uint8)


@pytest.mark.parametrize("angle", [-170, -90, -45, -20, 5, 30, 60, 90, 135])
@pytest.mark.parametrize("max_side", [256, 60])
def test_a_tilted_head_is_turned_upright(angle: float, max_side: int) -> None:
    """Turned by its roll, the crop is the upright one's but for interpolation, at either resolution."""
    box = [130, 130, 270, 270]
    upright, _ = square_crop(bar(0), box, max_side=max_side)
    turned, xyxy = square_crop(bar(angle), box, max_side=max_side, roll=angle)
    assert turned.shape == upright.shape
    assert xyxy.tolist() == [109, 109, 291, 291]
    assert apart(turned, upright) < apart(square_crop(bar(angle), box, max_side=max_side)[0], upright) / 2


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """The mean difference of two pictures, in grey levels."""
    return float(np.abs(one.astype(int) - other).mean())


def test_a_small_roll_keeps_the_frames_pixels() -> None:
    """Below LEAST_ROLL nothing is interpolated."""
    box = [60, 30, 100, 70]
    exact, _ = square_crop(FRAME, box)
    np.testing.assert_array_equal(square_crop(FRAME, box, roll=LEAST_ROLL - 0.1)[0], exact)
    assert (square_crop(FRAME, box, roll=LEAST_ROLL)[0] != exact).any()


def test_the_height_of_a_head_on_its_side_is_its_boxs_width() -> None:
    """Somebody who lies gets as large a square as somebody who sits."""
    _, sitting = square_crop(FRAME, [60, 40, 90, 80])
    _, lying = square_crop(FRAME, [60, 40, 100, 70], roll=90)
    assert sitting[2] - sitting[0] == lying[2] - lying[0] == 52


def test_a_turned_square_outside_the_frame_repeats_its_edge() -> None:
    """As an upright one does; no black corners."""
    crop, _ = square_crop(np.full((50, 50, 3), 9, np.uint8), [-20, -20, 30, 30], roll=33)
    assert (crop == 9).all()


def test_roll_is_read_off_the_eyes() -> None:
    """Clockwise is positive; eyes at one place, or nowhere, say nothing."""
    rest = [[5, 5]] * 3
    assert roll([[10, 20], [30, 20], *rest]) == 0
    assert roll([[10, 20], [30, 40], *rest]) == pytest.approx(45)
    assert roll([[30, 20], [10, 20], *rest]) == 180
    assert roll([[10, 10], [10, -20], *rest]) == pytest.approx(-90)
    assert roll([[7, 7], [7, 7], *rest]) == 0
    assert roll([[float("nan")] * 2] * 5) == 0
