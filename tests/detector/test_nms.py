"""Suppression, against torchvision's and against the definition."""

import numpy as np
import pytest
import torch
from torchvision.ops import batched_nms

from detector.nms import suppress, suppress_contained


def boxes(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random overlapping boxes and distinct confidences."""
    rng = np.random.default_rng(count)
    corner = rng.uniform(0, 60, (count, 2))
    xyxy = np.concatenate([corner, corner + rng.uniform(5, 40, (count, 2))], axis=1).astype(np.float32)
    return xyxy, rng.permutation(count).astype(np.float32) / count


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7])
def test_suppression_within_groups_is_torchvisions(threshold: float) -> None:
    """Kept boxes and their order are the reference's, with groups apart and together."""
    xyxy, confidence = boxes(300)
    for group in (np.arange(300) % 4, None):
        groups = torch.from_numpy(np.zeros(300, int) if group is None else group)
        expected = batched_nms(torch.from_numpy(xyxy), torch.from_numpy(confidence), groups, threshold)
        assert suppress(xyxy, confidence, threshold, group).tolist() == expected.tolist()


def test_contained_boxes_go_and_the_surest_stays() -> None:
    """No box is covered by a surer kept one beyond the threshold, unless it was removed for it."""
    xyxy, confidence = boxes(120)
    kept = suppress_contained(xyxy, confidence, 0.7)

    def covered(a: np.ndarray, b: np.ndarray) -> float:
        sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]) + 1
        areas = [float((box[2:] - box[:2] + 1).prod()) for box in (a, b)]
        return float(sides.clip(0).prod()) / min(areas)

    assert (np.diff(confidence[kept]) < 0).all()
    assert 1 < len(kept) < 120
    for index in range(120):
        surer = [covered(xyxy[index], xyxy[other]) for other in kept if confidence[other] > confidence[index]]
        assert (max(surer, default=0.0) <= 0.7) == (index in kept)


def test_a_lower_box_never_removes_a_higher_one() -> None:
    """Adding less confident boxes keeps all that was kept."""
    xyxy, confidence = boxes(100)
    sure = np.flatnonzero(confidence > 0.5)
    before = sure[suppress_contained(xyxy[sure], confidence[sure], 0.7)]
    after = suppress_contained(xyxy, confidence, 0.7)
    assert after[: len(before)].tolist() == before.tolist()


def test_no_boxes() -> None:
    """Nothing in, nothing out."""
    nothing = np.empty((0, 4), np.float32), np.empty(0, np.float32)
    assert suppress(*nothing, 0.5).shape == suppress_contained(*nothing, 0.5).shape == (0,)
