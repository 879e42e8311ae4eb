"""Pictures made worse in known ways."""

import numpy as np
import pytest
import torch

from classifier.architectures import ARCHITECTURES
from classifier.preprocess import prepare
from training.augment import Augmentation, augment, inputs
from training.conditions import CONDITIONS, degrade, worsened


@pytest.fixture
def faces():
    """Sixteen smooth pictures of high contrast, bright in the upper half."""
    coarse = torch.from_numpy(np.random.default_rng(3).integers(0, 256, (16, 1, 6, 6))).float()
    return torch.nn.functional.interpolate(coarse, 48, mode="bilinear")[:, 0].round().byte().numpy()


def sharpness(images):
    return np.abs(np.diff(images.astype(float), axis=2)).mean()


@pytest.mark.parametrize("condition", CONDITIONS)
def test_strength_nothing_changes_nothing_and_more_changes_more(faces, condition):
    """Up to a grey level of rounding; the same seed gives the same pictures."""
    distances = [
        np.abs(worsened(faces, condition, strength).astype(int) - faces).mean() for strength in (0, 1 / 3, 2 / 3, 1)
    ]
    limit = 8 if condition == "turned" else 0.5  # a cylinder is never flat
    assert distances[0] < limit
    assert distances == sorted(distances)
    assert distances[3] > 3 * distances[0]
    assert np.array_equal(worsened(faces, condition, 0.5, seed=4), worsened(faces, condition, 0.5, seed=4))


def test_amounts(faces):
    """A twelfth of the light, 15 % of the contrast; blur takes away detail; a mask hides the lower face alone."""
    assert worsened(faces, "dark", 1.0).mean() == pytest.approx(faces.mean() / 12, abs=1)
    assert worsened(faces, "haze", 1.0).std() == pytest.approx(faces.std() * 0.15, rel=0.05)
    assert worsened(faces, "noise", 1.0).std() > faces.std()
    assert sharpness(worsened(faces, "blur", 1.0)) < 0.8 * sharpness(faces)
    masked = worsened(faces, "covered", 1.0)
    assert np.array_equal(masked[:, :26], faces[:, :26])
    assert (masked[:, 44:].std((1, 2)) < 20).all()


def test_a_batch_may_have_strengths_of_its_own():
    """Each picture gets its own."""
    pictures = torch.rand(4, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    strength = torch.tensor([0.0, 0.5, 0.0, 1.0])
    for name, condition in CONDITIONS.items():
        out = condition(pictures, strength, torch.Generator().manual_seed(1))
        assert out.shape == pictures.shape
        assert 0 <= out.min() <= out.max() <= 1, name
        if name != "turned":
            assert torch.allclose(out[[0, 2]], pictures[[0, 2]], atol=1 / 255)
        assert not torch.allclose(out[3], pictures[3], atol=0.05)


def test_a_share_of_a_batch_is_degraded():
    """About half, in all conditions."""
    pictures = torch.rand(400, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    out = degrade(pictures, 0.5, torch.Generator().manual_seed(1))
    changed = (out != pictures).flatten(1).any(1).float().mean().item()
    assert 0.4 < changed < 0.6
    assert torch.equal(degrade(pictures, 0.0, torch.Generator().manual_seed(1)), pictures)


def test_what_is_not_degraded_is_augmented_alike(faces):
    """A teacher sees the same faces, moved and lit alike, as they were."""
    images, how = torch.from_numpy(faces), Augmentation(degrees=10, shift=0.1, brightness=0.2, erase=0.5)
    clean = augment(images, 32, how, torch.Generator().manual_seed(5))
    worse = augment(images, 32, Augmentation(**{**vars(how), "degrade": 0.5}), torch.Generator().manual_seed(5))
    same = (clean == worse).flatten(1).all(1)
    assert 2 < same.sum() < 14


def test_training_spreads_as_the_running_system_does(faces):
    """A dark picture reaches the network as bright as in `prepare`."""
    spec = ARCHITECTURES["emotion-net"].input
    dark = (faces // 12).astype(np.uint8)
    seen = inputs(torch.from_numpy(dark), spec, Augmentation(flip=0.0), torch.Generator().manual_seed(0))
    assert np.allclose(seen.numpy(), prepare(list(dark), spec, whole=True), atol=0.05)
