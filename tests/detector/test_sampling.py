"""Scaling by area, against torch's adaptive pooling."""

from typing import Any, cast
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from numba.core import caching
from structlog.testing import capture_logs

from detector import sampling
from detector.pyramid import WINDOW, Canvas
from detector.sampling import scaled_crops

FRAME = np.random.default_rng(5).integers(0, 256, (97, 143, 3), np.uint8)


def pooled(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The reference's way to scale: (H, W, 3) uint8 to (height, width, 3) float32."""
    tensor = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float()
    scaled: np.ndarray = (
        torch.nn.functional.interpolate(tensor, (height, width), mode="area")[0].permute(1, 2, 0).numpy()
    )
    return scaled


def test_crops_are_pooled_exactly() -> None:
    """Shrunk, enlarged and squashed crops equal adaptive average pooling."""
    rng = np.random.default_rng(6)
    corners = rng.integers(0, [100, 60], (60, 2))
    boxes = np.concatenate([corners, corners + rng.integers(1, 37, (60, 2))], axis=1)
    for crop, (x1, y1, x2, y2) in zip(scaled_crops(FRAME, boxes, 24), boxes.tolist(), strict=True):
        np.testing.assert_allclose(crop, pooled(FRAME[y1:y2, x1:x2], 24, 24), atol=1e-3)


def test_no_crops() -> None:
    """Nothing in, nothing out, in the right shape."""
    assert scaled_crops(FRAME, np.empty((0, 4), np.intp), 48).shape == (0, 48, 48, 3)


def test_a_part_of_a_frame_is_scaled_like_a_copy_of_it() -> None:
    """Pixels need not lie one behind the other in memory."""
    boxes = np.array([[0, 0, 40, 50], [3, 7, 20, 24]])
    part = FRAME[20:90, 10:120]
    np.testing.assert_array_equal(scaled_crops(part, boxes, 24), scaled_crops(part.copy(), boxes, 24))


@pytest.mark.parametrize("side", [257 * 24, 258 * 24])
def test_sums_of_many_white_rows_stay_exact(side: int) -> None:
    """From 258 rows on, their sum passes 2**16: it is kept in a wider type."""
    frame = np.full((side, 40, 3), 255, np.uint8)
    np.testing.assert_allclose(scaled_crops(frame, np.array([[0, 0, 40, side]]), 24), 255)


@pytest.mark.parametrize("error", [EOFError(), OSError("no space left on device")])
def test_a_damaged_or_full_disk_is_no_reason_not_to_start(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """What was compiled earlier cannot be read, or what is compiled now not written: it is done without."""
    kept = Mock(load_overload=Mock(side_effect=error), save_overload=Mock(side_effect=error))
    plain: Any = sampling._accumulate
    fresh: Any = sampling.compiled(plain.py_func)
    monkeypatch.setattr(fresh, "_cache", kept)
    others: list[Any] = [sampling._scale, sampling._crops, sampling._total, sampling._average]
    for other in others:  # later tests have their caches back
        monkeypatch.setattr(other, "_cache", other._cache)
    monkeypatch.setattr(sampling, "_accumulate", fresh)
    monkeypatch.setattr(sampling, "_use_all", lambda: fresh(np.ones(6, np.uint16), np.zeros(9, np.int32)))
    sampling.warm()
    assert kept.load_overload.called
    assert fresh._cache is not kept


def test_a_home_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor any other folder for compiled code: every start then takes longer, which a line explains."""
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    monkeypatch.setattr(sampling, "_scale", sampling.compiled(cast(Any, sampling._scale).py_func))
    monkeypatch.setattr(sampling, "_use_all", lambda: None)
    with capture_logs() as logged:
        sampling.warm()
    assert [line["error"] for line in logged] == ["no folder can be written; NUMBA_CACHE_DIR names one"]


@pytest.mark.parametrize(("width", "height", "smallest"), [(143, 97, 20), (143, 97, 12), (640, 48, 20), (33, 400, 31)])
def test_levels_are_pooled_exactly_and_do_not_overlap(width: int, height: int, smallest: int) -> None:
    """Every level on the canvas is the whole frame at its scale, and no two share a pixel."""
    frame = np.random.default_rng(8).integers(0, 256, (height, width, 3), np.uint8)
    canvas = Canvas(width, height, smallest)
    canvas.draw(frame)
    taken = np.zeros(canvas.pixels.shape[:2], int)
    assert canvas.levels[0].scale == WINDOW / smallest
    for level in canvas.levels:
        rows, columns = int(height * level.scale + 1), int(width * level.scale + 1)
        assert (level.height, level.width) == (rows + rows % 2, columns + columns % 2)
        spot = np.s_[level.y : level.y + level.height, level.x : level.x + level.width]
        taken[spot] += 1
        np.testing.assert_allclose(canvas.pixels[spot][:rows, :columns], pooled(frame, rows, columns), atol=1e-3)
    assert taken.max() == 1


def test_windows_belong_to_one_level_and_point_back_to_the_frame() -> None:
    """Every window of every level can be chosen, those across two levels cannot, and boxes are in frame pixels."""
    canvas = Canvas(143, 97, 20)
    rows, columns = ((size - WINDOW) // 2 + 1 for size in canvas.pixels.shape[:2])
    cells = canvas.cells(np.ones((rows, columns), bool))
    expected = sum(((level.height - 12) // 2 + 1) * ((level.width - 12) // 2 + 1) for level in canvas.levels)
    assert len(cells) == expected
    xyxy, level = canvas.boxes(cells)
    assert set(level) == set(range(len(canvas.levels)))
    assert xyxy[0].tolist() == [1, 1, 20, 20]
    # A level one pixel larger than the scaled frame, or doubled, may point a little beyond the frame.
    assert (xyxy[:, 0] <= 143).all()
    assert xyxy[level == 0][:, 2].max() <= 143 + 2 / 0.6
    canvas.draw(np.full((97, 143, 3), 9, np.uint8))
    np.testing.assert_allclose(canvas.windows(cells), 9, rtol=1e-6)
