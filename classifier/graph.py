"""The networks as OpenVINO graphs, built from named tensors; BatchNorm is folded into the preceding layer."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from classifier.architectures import STEM, Stem
from shared.compute import import_openvino

_openvino = import_openvino()
op = _openvino.opset13
Model = Any
"""An `openvino.Model`; the module is imported at run time, without its telemetry."""

EPSILON = 1e-5
"""Of torch's BatchNorm."""


def emotion_cnn(tensors: dict[str, np.ndarray], size: int) -> Model:
    """EmotionCNN: (N, 1, S, S) to logits (N, 7) for any N."""
    pixels = op.parameter([-1, 1, size, size], np.float32, name="pixels")
    x: Any = pixels
    for block, convolution in enumerate((_first_convolution, _convolution, _convolution)):
        x = _halved(op.relu(convolution(x, tensors, f"blocks.{block}.0", f"blocks.{block}.1")))
    weight, bias = folded(tensors, "head.0", "head.1")
    if (fewer := pooled_weight(weight, size // 8)) is not None:
        weight, x = fewer, op.avg_pool(x, [2, 2], [0, 0], [0, 0], [2, 2], True)
    x = op.reshape(x, op.constant(np.array([0, -1])), special_zero=True)
    x = op.relu(_linear(x, weight, bias))
    return _openvino.Model([_linear(x, tensors["head.4.weight"], tensors["head.4.bias"])], [pixels])


def emotion_net(tensors: dict[str, np.ndarray], size: int, blocks: Sequence[int], stem: Stem = STEM) -> Model:
    """EmotionNet: (N, 1, S, S) to logits (N, 7) for any N."""
    pixels = op.parameter([-1, 1, size, size], np.float32, name="pixels")
    x: Any = op.relu(_first_convolution(pixels, tensors, "stem.0", "stem.1", stem.stride))
    for layer in range(3, 3 * len(stem.channels), 3):
        x = op.relu(_convolution(x, tensors, f"stem.{layer}", f"stem.{layer + 1}", stem.stride))
    for index, (inputs, outputs) in enumerate(pairwise((stem.channels[-1], *blocks))):
        body, shortcut = f"blocks.{index}.body", f"blocks.{index}.shortcut"
        beside = x
        if inputs != outputs:
            x = _halved(x)
            beside = _convolution(x, tensors, f"{shortcut}.0", f"{shortcut}.1")
        x = op.relu(_convolution(x, tensors, f"{body}.0", f"{body}.1"))
        x = op.relu(op.add(_convolution(x, tensors, f"{body}.3", f"{body}.4"), beside))
    x = op.reduce_mean(x, op.constant(np.array([2, 3])), keep_dims=False)
    return _openvino.Model([_linear(x, tensors["head.weight"], tensors["head.bias"])], [pixels])


def folded(tensors: dict[str, np.ndarray], layer: str, norm: str) -> tuple[np.ndarray, np.ndarray]:
    """Weight and bias of a convolution or linear layer with the following BatchNorm folded in."""
    weight, bias = tensors[f"{layer}.weight"], tensors.get(f"{layer}.bias", np.float32(0))
    gamma, beta, mean, var = (tensors[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var"))
    scale = gamma / np.sqrt(var + EPSILON)
    return weight * scale.reshape(-1, *[1] * (weight.ndim - 1)), (bias - mean) * scale + beta


def in_two(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays that sum to the float32 weights; the first is exact in bfloat16."""
    large: np.ndarray = (weight.view(np.uint32) & 0xFFFF0000).view(np.float32)
    return large, weight - large


def pooled_weight(weight: np.ndarray, side: int) -> np.ndarray | None:
    """The weights (M, C * side^2 / 4) that after 2x2 average pooling equal `weight` (M, C * side^2) without it.

    None if the weights within any 2x2 square differ. Releases trained with tied weights pass, and for a single face
    most of the time goes into reading weights.
    """
    if side % 2:
        return None
    squares = weight.reshape(len(weight), -1, side // 2, 2, side // 2, 2)
    first = squares[:, :, :, :1, :, :1]
    return 4 * first.reshape(len(weight), -1) if (squares == first).all() else None


def _first_convolution(pixels: Any, tensors: dict[str, np.ndarray], layer: str, norm: str, stride: int = 1) -> Any:
    """A one-channel convolution whose weights keep 16 bits of precision in bfloat16 instead of 8.

    Neighbouring pixels are alike, so large products nearly cancel and the rounding of weights shows most here. It costs
    next to nothing, because one channel fills only a small part of a matrix tile.
    """
    weight, bias = folded(tensors, layer, norm)
    return _convolved(op.concat([pixels, pixels], 1), np.concatenate(in_two(weight), 1), bias, stride)


def _convolution(x: Any, tensors: dict[str, np.ndarray], layer: str, norm: str, stride: int = 1) -> Any:
    """A convolution with its BatchNorm; padded, so that only its stride changes the resolution."""
    return _convolved(x, *folded(tensors, layer, norm), stride)


def _convolved(x: Any, weight: np.ndarray, bias: np.ndarray, stride: int = 1) -> Any:
    pad = [weight.shape[-1] // 2] * 2
    x = op.convolution(x, op.constant(weight), [stride, stride], pad, pad, [1, 1])
    return op.add(x, op.constant(bias.reshape(1, -1, 1, 1)))


def _halved(x: Any) -> Any:
    return op.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)


def _linear(x: Any, weight: np.ndarray, bias: np.ndarray) -> Any:
    return op.add(op.matmul(x, op.constant(weight), False, True), op.constant(bias.reshape(1, -1)))
