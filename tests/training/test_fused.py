"""The fused blocks compute what the plain layers compute."""

import copy

import pytest
import torch
from torch.nn import functional

from classifier.networks import EmotionCNN
from training.fused import FusedEmotionCNN, fits

pytestmark = [
    pytest.mark.skipif(not fits(torch.device("cpu")), reason="no C++ compiler"),
    pytest.mark.usefixtures("two_slices"),
]


def network() -> EmotionCNN:
    """Random weights with BatchNorm factors of both signs and no dropout."""
    torch.manual_seed(0)
    net = EmotionCNN()
    net.head[3].p = 0.0
    for block in net.blocks:
        torch.nn.init.normal_(block[1].weight)
        torch.nn.init.normal_(block[1].bias, std=0.1)
    return net.to(memory_format=torch.channels_last)


def inputs() -> torch.Tensor:
    """Five smooth pictures, an odd number for two threads."""
    return functional.interpolate(torch.randn(5, 1, 48, 48), size=224, mode="bilinear")


def test_a_training_step_has_the_plain_layers_gradients() -> None:
    """Loss, gradients (direction and length) and running statistics agree within what bfloat16 allows."""
    plain = network()
    fused_network = copy.deepcopy(plain)
    images, labels = inputs(), torch.arange(5)
    losses = []
    for forward in (plain, FusedEmotionCNN(fused_network)):
        with torch.autocast("cpu", torch.bfloat16, enabled=forward is not plain):
            logits = forward(images)
        loss = functional.cross_entropy(logits.float(), labels)
        loss.backward()
        losses.append(loss.item())
    assert losses[1] == pytest.approx(losses[0], abs=0.02)
    for (name, expected), actual in zip(plain.named_parameters(), fused_network.parameters(), strict=True):
        # A bias before a BatchNorm has no gradient but rounding.
        if name.endswith("0.bias"):
            continue
        cosine = functional.cosine_similarity(expected.grad.flatten(), actual.grad.flatten(), dim=0)
        assert cosine > 0.97, name
        assert actual.grad.norm() / expected.grad.norm() == pytest.approx(1, abs=0.15), name
    for (name, expected), actual in zip(plain.named_buffers(), fused_network.buffers(), strict=True):
        assert torch.allclose(expected.float(), actual.float(), atol=0.01), name


def test_evaluation_gives_the_plain_layers_logits() -> None:
    """With running statistics, logits agree within what bfloat16 allows."""
    net = network().eval()
    for block in net.blocks:
        block[1].running_mean.normal_(0, 0.1)
        block[1].running_var.uniform_(0.5, 1.5)
    images = inputs()
    with torch.inference_mode():
        expected = net(images)
        with torch.autocast("cpu", torch.bfloat16):
            actual = FusedEmotionCNN(net).eval()(images)
    assert torch.allclose(expected, actual.float(), atol=0.03 * float(expected.abs().max()))
