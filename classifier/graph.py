"""The networks as OpenVINO graphs, built from a release's tensors; BatchNorm is folded into the layer before it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from openvino import Model
from openvino import opset13 as op

from classifier.release import Release

EPSILON = 1e-5
"""Of torch's BatchNorm."""


def emotion_cnn(release: Release) -> Model:
    """EmotionCNN: (N, 1, S, S) to logits (N, 7), N free."""
    tensors, size = release.tensors, release.config.input.size
    pixels = op.parameter([-1, 1, size, size], np.float32, name="pixels")
    x: Any = pixels
    for block in range(3):
        weight, bias = folded(tensors, f"blocks.{block}.0", f"blocks.{block}.1")
        x = op.convolution(x, op.constant(weight), [1, 1], [1, 1], [1, 1], [1, 1])
        x = op.relu(op.add(x, op.constant(bias.reshape(1, -1, 1, 1))))
        x = op.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)
    x = op.reshape(x, op.constant(np.array([0, -1])), special_zero=True)
    x = op.relu(_linear(x, *folded(tensors, "head.0", "head.1")))
    return Model([_linear(x, tensors["head.4.weight"], tensors["head.4.bias"])], [pixels], release.config.name)


def folded(tensors: dict[str, np.ndarray], layer: str, norm: str) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of a convolution or linear layer together with the BatchNorm behind it."""
    weight, bias = tensors[f"{layer}.weight"], tensors[f"{layer}.bias"]
    gamma, beta, mean, var = (tensors[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var"))
    scale = gamma / np.sqrt(var + EPSILON)
    return weight * scale.reshape(-1, *[1] * (weight.ndim - 1)), (bias - mean) * scale + beta


def _linear(x: Any, weight: np.ndarray, bias: np.ndarray) -> Any:
    return op.add(op.matmul(x, op.constant(weight), False, True), op.constant(bias.reshape(1, -1)))


GRAPHS: dict[str, Callable[[Release], Model]] = {"emotion-cnn": emotion_cnn}
