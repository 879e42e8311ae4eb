"""A recipe's network: with random weights, or from a release, to which residual blocks may be added.

A new block starts as its shortcut alone, so the deeper network initially computes the same function (Chen, Goodfellow &
Shlens, Net2Net, arXiv 1511.05641).
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from classifier.architectures import ARCHITECTURES, BLOCKS, STEM, Stem
from classifier.networks import DROPOUT, EmotionCNN
from classifier.release import MODELS, Release, load_release
from shared.errors import ConfigurationError
from training.recipes import Recipe


def build(recipe: Recipe) -> nn.Module:
    """The recipe's network with random weights.

    Raises ConfigurationError for blocks, dropout or tied weights that its architecture does not support.
    """
    architecture = ARCHITECTURES[recipe.architecture]
    size = architecture.input.size
    if recipe.blocks != BLOCKS and not architecture.stem:
        raise ConfigurationError(f"--blocks {list(recipe.blocks)}: {recipe.architecture} has none")
    if not architecture.smallest_map(size, recipe.blocks):
        raise ConfigurationError(f"--blocks {list(recipe.blocks)}: {size} pixels cannot be halved so often")
    network = architecture.module(size, recipe.blocks)
    if isinstance(network, EmotionCNN):
        cast(nn.Dropout, network.head[3]).p = recipe.dropout
    elif recipe.dropout != DROPOUT:
        raise ConfigurationError(f"--dropout {recipe.dropout}: only emotion-cnn has it")
    if recipe.tied:
        tie_weights(network)
    return network


def tie_weights(network: nn.Module) -> None:
    """Ties the weights of an EmotionCNN's first linear layer within each 2x2 square of map positions, permanently.

    The layer is then equivalent to average pooling and a layer with a quarter of the weights. Raises
    ConfigurationError for another architecture.
    """
    if not isinstance(network, EmotionCNN):
        raise ConfigurationError("weights can be tied in emotion-cnn only")
    weight = cast(Tensor, network.head[0].weight)
    places = math.isqrt(weight.shape[1] // network.channels)

    def tied(values: Tensor) -> Tensor:
        means = functional.avg_pool2d(values.view(-1, network.channels, places, places), 2)
        return means.repeat_interleave(2, 2).repeat_interleave(2, 3).view_as(values)

    with torch.no_grad():
        weight.copy_(tied(weight) * 2)  # preserves their scale
    weight.register_hook(tied)  # type: ignore[no-untyped-call]


def find_release(reference: str) -> Release:
    """The release of a reference: a model's name or folder, optionally pinned with `@version`, that of its weights.

    Raises ModelError if there is none, ConfigurationError if it has another version.
    """
    name, at, version = reference.rpartition("@")
    release = load_release(name if at else reference, MODELS)
    if at and version not in (release.config.version, release.config.weights_version):
        raise ConfigurationError(
            f"{reference} is wanted, but {name} is now version {release.config.version}: give {name} to take that one"
        )
    return release


def pinned(reference: str) -> str:
    """The reference pinned to the current version; '' stays ''."""
    if not reference or "@" in reference:
        return reference
    return f"{reference}@{find_release(reference).config.weights_version}"


def start_from(network: nn.Module, recipe: Recipe) -> None:
    """Copies the weights of the release `recipe.start` into a new network of the recipe.

    Raises ModelError if there is no such release, ConfigurationError if it does not fit the network.
    """
    release = find_release(recipe.start)
    was, architecture = release.config, ARCHITECTURES[recipe.architecture]
    size = architecture.input.size
    if (was.architecture, was.input.size) != (recipe.architecture, size):
        raise ConfigurationError(
            f"--start {recipe.start}: it is of the architecture {was.architecture} for {was.input.size} pixels; "
            f"--preset makes {recipe.architecture} for {size}"
        )
    if recipe.tied and not _is_tied(release):
        raise ConfigurationError(f"--start {recipe.start}: its weights are not tied; give --no-tied")
    places = continued(was.blocks, recipe.blocks, architecture.stem or STEM)
    state = network.state_dict()
    for name, value in release.tensors.items():
        state[_moved(name, places)].copy_(torch.from_numpy(value))


def _is_tied(release: Release) -> bool:
    from classifier.graph import pooled_weight  # it imports OpenVINO, which training on an accelerator does without

    return pooled_weight(release.tensors["head.0.weight"], release.config.input.size // 8) is not None


def continued(before: Sequence[int], blocks: Sequence[int], stem: Stem = STEM) -> list[int]:
    """The position in `blocks` of each block of `before` (both are channels by block); the others are new.

    Raises ConfigurationError if one is missing, or if a new one would change the number of channels.
    """
    places: list[int] = []
    for place, (inputs, channels) in enumerate(pairwise((stem.channels[-1], *blocks))):
        if channels == next(iter(before[len(places) :]), None):
            places.append(place)
        elif channels != inputs:
            break
    else:
        if len(places) == len(before):
            return places
    raise ConfigurationError(
        f"--blocks {list(blocks)} cannot go on from {list(before)}: only repetitions may be added; "
        "--start '' begins with random weights"
    )


def _moved(name: str, places: list[int]) -> str:
    if not name.startswith("blocks."):
        return name
    _, block, rest = name.split(".", 2)
    return f"blocks.{places[int(block)]}.{rest}"
