"""A training run's checkpoint file, loaded as numbers only, never as code."""

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from classifier.architectures import ARCHITECTURES
from shared.errors import AffectError, ConfigurationError
from shared.files import replacing
from training.augment import Augmentation
from training.recipes import Recipe


class DivergedError(AffectError):
    """Loss or weights are no longer finite; the last good checkpoint is kept."""


@dataclass(frozen=True)
class Checkpoint:
    """Everything needed to resume a run exactly, or to export a release."""

    recipe: Recipe
    seed: int
    step: int
    best: float
    """Highest validation accuracy so far, 0..1."""
    epoch_sums: list[float]
    """Loss, correct answers and images of the epoch so far."""
    network: dict[str, Tensor]
    averaged: dict[str, Tensor]
    """The weights that are validated and released."""
    optimizer: dict[str, Any]
    waited: int = 0
    """Epochs since the best validation accuracy."""
    pictures: str = ""
    """A digest of the data, hexadecimal."""

    def write(self, path: Path) -> None:
        """Writes beside `path`, then renames.

        Raises AffectError where that fails (a full disk) and DivergedError for weights that are not finite; what was at
        `path` before is still there.
        """
        if not all(value.isfinite().all() for value in self.network.values()):
            raise DivergedError(f"the weights at step {self.step} are not finite; {path} is as it was")
        saved = {field.name: getattr(self, field.name) for field in fields(self)} | {"recipe": asdict(self.recipe)}
        try:
            with replacing(path) as part:
                torch.save(saved, part)
        except (OSError, RuntimeError) as error:  # torch's own writer raises the latter
            kept = "the checkpoint before it is kept" if path.exists() else "there was none before"
            raise AffectError(f"{path} could not be written, {kept}: {error}") from None

    @classmethod
    def read(cls, path: Path) -> "Checkpoint":
        """The checkpoint in a file. Raises ConfigurationError where there is none, or one of another version."""
        if not path.is_file():
            raise ConfigurationError(f"checkpoint {path} does not exist")
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
            architecture = saved["recipe"]["architecture"]
        except Exception as error:  # noqa: BLE001 - torch raises many kinds for a broken file
            raise ConfigurationError(f"{path} is not a checkpoint of training.train: {error}") from None
        if architecture not in ARCHITECTURES:
            known = ", ".join(ARCHITECTURES)
            raise ConfigurationError(f"{path} is of the architecture {architecture!r}; known: {known}")
        try:
            augmentation = Augmentation(**saved["recipe"]["augmentation"])
            recipe = Recipe(**saved["recipe"] | {"augmentation": augmentation})
            known_fields = {field.name: saved[field.name] for field in fields(cls) if field.name in saved}
            return cls(**known_fields | {"recipe": recipe})
        except (TypeError, KeyError) as error:
            raise ConfigurationError(f"{path} is a checkpoint of another version: {error}") from None
