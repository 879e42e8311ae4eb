"""The table of networks: input, tensors, torch module and OpenVINO graph of each.

Modules and graphs are imported only when built, so that the CPU classifier never imports torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType
from typing import TYPE_CHECKING, Any

from classifier.preprocess import InputSpec, Spread
from shared.messages import EMOTIONS

if TYPE_CHECKING:
    from torch import nn

BLOCKS = (96, 192, 192, 384)
"""Default channels of the residual blocks; a block that changes the number halves the resolution first."""

Shapes = dict[str, tuple[int, ...]]
Tensors = Any
"""Tensors by name, float32 NumPy arrays."""


@dataclass(frozen=True)
class Stem:
    """The 3x3 convolutions before the residual blocks."""

    channels: tuple[int, ...]
    stride: int = 1
    """Of each; 1 keeps the input's resolution, 2 halves it."""


STEM = Stem((32, 64))
LITE_STEM = Stem((64,), stride=2)


@dataclass(frozen=True)
class Architecture:
    """A network. `size` is the side of its input in pixels; `blocks` are ignored where there is no stem."""

    input: InputSpec
    """Its training input; `training.view` fits a release's view to the detector's boxes."""
    shapes: Callable[[int, Sequence[int]], Shapes]
    """(size, blocks) to tensor shapes by name."""
    module: Callable[[int, Sequence[int]], "nn.Module"]
    """(size, blocks) to a fresh torch module."""
    graph: Callable[[Tensors, int, Sequence[int]], Any]
    """(tensors by name, size, blocks) to an `openvino.Model`."""
    stem: Stem | None = None
    """What precedes its residual blocks, whose channels are configurable; None if it has none."""

    def smallest_map(self, size: int, blocks: Sequence[int]) -> int:
        """The side of the last residual block's feature maps, in pixels; 0 if `size` cannot be halved so often."""
        if self.stem is None:
            return size
        for _ in self.stem.channels:
            size = -(-size // self.stem.stride)
        return size >> sum(inputs != outputs for inputs, outputs in pairwise((self.stem.channels[-1], *blocks)))


def _emotion_cnn_shapes(size: int, _: Sequence[int]) -> Shapes:
    shapes: Shapes = {}
    for index, (inputs, outputs) in enumerate(((1, 32), (32, 64), (64, 128))):
        shapes |= {f"blocks.{index}.0.weight": (outputs, inputs, 3, 3), f"blocks.{index}.0.bias": (outputs,)}
        shapes |= _norm_shapes(f"blocks.{index}.1", outputs)
    shapes |= {"head.0.weight": (128, 128 * (size // 8) ** 2), "head.0.bias": (128,)} | _norm_shapes("head.1", 128)
    return shapes | {"head.4.weight": (len(EMOTIONS), 128), "head.4.bias": (len(EMOTIONS),)}


def _emotion_net_shapes(stem: Stem, blocks: Sequence[int]) -> Shapes:
    shapes: Shapes = {}
    for index, (inputs, outputs) in enumerate(pairwise((1, *stem.channels))):
        shapes |= {f"stem.{3 * index}.weight": (outputs, inputs, 3, 3)} | _norm_shapes(f"stem.{3 * index + 1}", outputs)
    for index, (inputs, outputs) in enumerate(pairwise((stem.channels[-1], *blocks))):
        body, shortcut = f"blocks.{index}.body", f"blocks.{index}.shortcut"
        shapes |= {f"{body}.0.weight": (outputs, inputs, 3, 3)} | _norm_shapes(f"{body}.1", outputs)
        shapes |= {f"{body}.3.weight": (outputs, outputs, 3, 3)} | _norm_shapes(f"{body}.4", outputs)
        if inputs != outputs:
            shapes |= {f"{shortcut}.0.weight": (outputs, inputs, 1, 1)} | _norm_shapes(f"{shortcut}.1", outputs)
    return shapes | {"head.weight": (len(EMOTIONS), blocks[-1]), "head.bias": (len(EMOTIONS),)}


def _norm_shapes(name: str, channels: int) -> Shapes:
    return {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}


def _networks() -> ModuleType:
    from classifier import networks

    return networks


def _graphs() -> ModuleType:
    from classifier import graph

    return graph


def _input(size: int) -> InputSpec:
    return InputSpec(size=size, channels=1, mean=0.5, std=0.5, view=0.93, view_dy=0.0, detail=48, spread=Spread())


ARCHITECTURES = {
    "emotion-cnn": Architecture(
        input=_input(224),
        shapes=_emotion_cnn_shapes,
        module=lambda size, _: _networks().EmotionCNN(size=size),
        graph=lambda tensors, size, _: _graphs().emotion_cnn(tensors, size),
    ),
    "emotion-net": Architecture(
        input=_input(48),
        shapes=lambda _, blocks: _emotion_net_shapes(STEM, blocks),
        module=lambda _, blocks: _networks().EmotionNet(blocks=blocks),
        graph=lambda tensors, size, blocks: _graphs().emotion_net(tensors, size, blocks),
        stem=STEM,
    ),
    "emotion-lite": Architecture(
        input=_input(48),
        shapes=lambda _, blocks: _emotion_net_shapes(LITE_STEM, blocks),
        module=lambda _, blocks: _networks().EmotionNet(blocks=blocks, stem=LITE_STEM),
        graph=lambda tensors, size, blocks: _graphs().emotion_net(tensors, size, blocks, LITE_STEM),
        stem=LITE_STEM,
    ),
}
