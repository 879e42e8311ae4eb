"""EmotionNet's fused layers compute what the plain layers compute."""

import pytest
import torch
from torch.nn import functional

from classifier.networks import EmotionNet
from classifier.release import BLOCKS
from training.fused import fits
from training.fused_net import FusedEmotionNet

pytestmark = [
    pytest.mark.skipif(not fits(torch.device("cpu")), reason="no C++ compiler"),
    pytest.mark.usefixtures("two_slices"),
]


def network(blocks: tuple[int, ...]) -> EmotionNet:
    """Random weights, BatchNorm factors of both signs, and running statistics that are the last batch's."""
    torch.manual_seed(0)
    net = EmotionNet(blocks=blocks)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias, std=0.1)
    return net.to(memory_format=torch.channels_last)


def step(forward: torch.nn.Module, mixed: bool) -> float:
    """Forward and backward on 33 smooth pictures, odd for two threads and too many for one tile; returns the loss."""
    generator = torch.Generator().manual_seed(1)
    images = functional.interpolate(torch.rand(33, 1, 8, 8, generator=generator), size=16, mode="bilinear")
    with torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        logits = forward(images)
    loss = functional.cross_entropy(logits.float(), torch.arange(33) % 7)
    loss.backward()
    return loss.item()


def distance(actual: torch.Tensor, expected: torch.Tensor) -> float:
    """Length of the difference, as a share of the expected length."""
    return float((actual - expected).double().norm() / expected.double().norm())


@pytest.mark.parametrize("blocks", [BLOCKS, (64, 64, 96, 96, 160)])
def test_a_training_step_has_the_plain_layers_gradients(blocks: tuple[int, ...]) -> None:
    """Loss, gradients and running statistics are as near to float32's as those of the plain layers in bfloat16."""
    plain, mixed, fused = (network(blocks) for _ in range(3))
    expected = step(plain, mixed=False)
    allowed = abs(step(mixed, mixed=True) - expected) + 0.01
    assert step(FusedEmotionNet(fused), mixed=True) == pytest.approx(expected, abs=allowed)
    for (name, exact), rounded, actual in zip(
        plain.named_parameters(), mixed.parameters(), fused.parameters(), strict=True
    ):
        assert distance(actual.grad, exact.grad) < 1.2 * distance(rounded.grad, exact.grad) + 0.005, name
    for (name, exact), rounded, actual in zip(plain.named_buffers(), mixed.buffers(), fused.buffers(), strict=True):
        assert distance(actual, exact) < 1.2 * distance(rounded, exact) + 0.001, name
