"""The one table of networks: what each is fed, its tensors, its torch module and its OpenVINO graph.

Modules and graphs are imported when they are built, so that the CPU classifier never imports torch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from classifier.preprocess import InputSpec
from shared.messages import EMOTIONS

if TYPE_CHECKING:
    from torch import nn

STEM = (32, 64)
"""Channels of emotion-net's first convolutions, at the input's size."""
BLOCKS = (96, 192, 192, 384)
"""Default channels of its residual blocks; a block that changes their number halves the size first."""

Shapes = dict[str, tuple[int, ...]]
Tensors = Any
"""Tensors by name, float32 NumPy arrays."""


@dataclass(frozen=True)
class Architecture:
    """A network. `size` is the side of its input in pixels; `blocks` only count where `has_blocks`."""

    input: InputSpec
    """What it is trained on; `training.view` fits a release's view to the detector's boxes."""
    shapes: Callable[[int, Sequence[int]], Shapes]
    """(size, blocks) to the shapes of its tensors by name."""
    module: Callable[[int, Sequence[int]], "nn.Module"]
    """(size, blocks) to a fresh torch module."""
    graph: Callable[[Tensors, int, Sequence[int]], Any]
    """(tensors by name, size, blocks) to an `openvino.Model`."""
    has_blocks: bool = False
    """Whether its residual blocks can be chosen."""


def halvings(blocks: Sequence[int]) -> int:
    """How often such residual blocks halve the size."""
    return sum(inputs != outputs for inputs, outputs in pairwise((STEM[-1], *blocks)))


def _emotion_cnn_shapes(size: int, _: Sequence[int]) -> Shapes:
    shapes: Shapes = {}
    for index, (inputs, outputs) in enumerate(((1, 32), (32, 64), (64, 128))):
        shapes |= {f"blocks.{index}.0.weight": (outputs, inputs, 3, 3), f"blocks.{index}.0.bias": (outputs,)}
        shapes |= _norm_shapes(f"blocks.{index}.1", outputs)
    shapes |= {"head.0.weight": (128, 128 * (size // 8) ** 2), "head.0.bias": (128,)} | _norm_shapes("head.1", 128)
    return shapes | {"head.4.weight": (len(EMOTIONS), 128), "head.4.bias": (len(EMOTIONS),)}


def _emotion_net_shapes(_: int, blocks: Sequence[int]) -> Shapes:
    shapes: Shapes = {}
    for index, (inputs, outputs) in enumerate(pairwise((1, *STEM))):
        shapes |= {f"stem.{3 * index}.weight": (outputs, inputs, 3, 3)} | _norm_shapes(f"stem.{3 * index + 1}", outputs)
    for index, (inputs, outputs) in enumerate(pairwise((STEM[-1], *blocks))):
        body, shortcut = f"blocks.{index}.body", f"blocks.{index}.shortcut"
        shapes |= {f"{body}.0.weight": (outputs, inputs, 3, 3)} | _norm_shapes(f"{body}.1", outputs)
        shapes |= {f"{body}.3.weight": (outputs, outputs, 3, 3)} | _norm_shapes(f"{body}.4", outputs)
        if inputs != outputs:
            shapes |= {f"{shortcut}.0.weight": (outputs, inputs, 1, 1)} | _norm_shapes(f"{shortcut}.1", outputs)
    return shapes | {"head.weight": (len(EMOTIONS), blocks[-1]), "head.bias": (len(EMOTIONS),)}


def _norm_shapes(name: str, channels: int) -> Shapes:
    return {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}


def _emotion_cnn_module(size: int, _: Sequence[int]) -> "nn.Module":
    from classifier.networks import EmotionCNN

    return EmotionCNN(size=size)


def _emotion_net_module(_: int, blocks: Sequence[int]) -> "nn.Module":
    from classifier.networks import EmotionNet

    return EmotionNet(blocks=blocks)


def _emotion_cnn_graph(tensors: Tensors, size: int, _: Sequence[int]) -> Any:
    from classifier.graph import emotion_cnn

    return emotion_cnn(tensors, size)


def _emotion_net_graph(tensors: Tensors, size: int, blocks: Sequence[int]) -> Any:
    from classifier.graph import emotion_net

    return emotion_net(tensors, size, blocks)


ARCHITECTURES = {
    "emotion-cnn": Architecture(
        input=InputSpec(size=224, channels=1, mean=0.5, std=0.5, view=0.93, view_dy=0.0, detail=48),
        shapes=_emotion_cnn_shapes,
        module=_emotion_cnn_module,
        graph=_emotion_cnn_graph,
    ),
    "emotion-net": Architecture(
        input=InputSpec(size=48, channels=1, mean=0.5, std=0.5, view=0.93, view_dy=0.0, detail=48),
        shapes=_emotion_net_shapes,
        module=_emotion_net_module,
        graph=_emotion_net_graph,
        has_blocks=True,
    ),
}
