"""What a run has saved: read as numbers only, never as code, and refused with a message where it is something else."""

from pathlib import Path
from typing import Any

import torch

from shared.errors import ConfigurationError
from training.augment import Augmentation
from training.recipes import INPUTS, Recipe


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint's contents; ConfigurationError where it is missing or none."""
    if not path.is_file():
        raise ConfigurationError(f"checkpoint {path} does not exist")
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        architecture, _ = saved["recipe"]["architecture"], saved["network"]
    except Exception as error:  # noqa: BLE001 - torch raises many kinds for a broken file
        raise ConfigurationError(f"{path} is not a checkpoint of training.train: {error}") from None
    if architecture not in INPUTS:
        raise ConfigurationError(f"{path} is of the architecture {architecture!r}; known: {', '.join(INPUTS)}")
    return dict(saved)


def recipe_of(saved: dict[str, Any]) -> Recipe:
    """The recipe a checkpoint was trained by."""
    fields = dict(saved["recipe"])
    try:
        return Recipe(**fields | {"augmentation": Augmentation(**fields["augmentation"])})
    except TypeError as error:
        raise ConfigurationError(f"the checkpoint's recipe is of another version: {error}") from None
