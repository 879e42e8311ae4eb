"""Starting a run from a released model: to go on with it on other data, or with more residual blocks.

A new block begins as its shortcut alone, so the deeper network says what the released one said until it has learnt
more (Chen, Goodfellow & Shlens, Net2Net, arXiv 1511.05641).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from classifier.graph import pooled_weight
from classifier.release import MODELS, STEM, load_release
from shared.errors import ConfigurationError
from training.recipes import INPUTS, Recipe


def start_from(network: nn.Module, recipe: Recipe) -> str:
    """Copies the weights of the release `recipe.start` into a fresh network made by the recipe; its name and version.

    Raises ModelError where there is no such release, ConfigurationError where the network cannot go on from it.
    """
    release = load_release(recipe.start, MODELS)
    was = release.config
    if (was.architecture, was.input.size) != (recipe.architecture, INPUTS[recipe.architecture].size):
        raise ConfigurationError(
            f"--start {recipe.start}: it is of the architecture {was.architecture} for {was.input.size} pixels; "
            f"--preset makes {recipe.architecture} for {INPUTS[recipe.architecture].size}"
        )
    if recipe.tied and pooled_weight(release.tensors["head.0.weight"], was.input.size // 8) is None:
        raise ConfigurationError(f"--start {recipe.start}: its weights are not tied; give --no-tied")
    places = continued(was.blocks, recipe.blocks)
    state = network.state_dict()
    for name, value in release.tensors.items():
        state[_moved(name, places)].copy_(torch.from_numpy(value))
    return f"{was.name}-{was.version}"


def continued(before: Sequence[int], blocks: Sequence[int]) -> list[int]:
    """Where each of the blocks `before` stands among `blocks` (both channels by block); the others are new.

    Raises ConfigurationError where one is missing, or where a new one would change the number of channels.
    """
    places: list[int] = []
    for place, (inputs, channels) in enumerate(pairwise((STEM[-1], *blocks))):
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
