"""A training run's checkpoint file, loaded as numbers only, never as code."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from classifier.architectures import ARCHITECTURES
from shared.errors import AffectError, ConfigurationError
from shared.files import replacing
from training.augment import Augmentation
from training.recipes import Recipe

TIED = "head.0.weight"
"""EmotionCNN's layer whose weights can be tied."""


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

    def write_released(self, path: Path) -> None:
        """Writes what a release is made of, as safetensors: the averaged weights in float16, and how they came about.

        Of weights that are tied in 2x2 squares it keeps one each.
        """
        tensors = {name: value.half() for name, value in self.averaged.items() if value.is_floating_point()}
        if self.recipe.tied:
            tensors[TIED] = _squares(self.recipe, tensors[TIED])[..., 0, :, 0].flatten(1)
        about = {"recipe": asdict(self.recipe), "seed": self.seed, "step": self.step, "best": self.best}
        tensors = {name: value.contiguous() for name, value in tensors.items()}
        with replacing(path) as part:
            save_file(tensors, part, metadata={"checkpoint": json.dumps(about)})

    @classmethod
    def read(cls, path: Path) -> "Checkpoint":
        """The checkpoint in a file, or what `write_released` left of it: no live weights, no optimiser.

        Raises ConfigurationError where there is none, or one of another version.
        """
        if not path.is_file():
            raise ConfigurationError(f"checkpoint {path} " + ("is a folder" if path.is_dir() else "does not exist"))
        found = "a file that is damaged, or of another program"  # torch's own words may suggest running its code
        try:
            saved = _released(path) if path.suffix == ".safetensors" else _whole(path)
            found = f"only {', '.join(map(str, saved.keys()))[:80]}"
            architecture = saved["recipe"]["architecture"]
        except Exception:  # noqa: BLE001 - torch raises many kinds for a broken file
            raise ConfigurationError(
                f"{path} is not a checkpoint of training.train: found {found}; expected best.pt or last.pt of a run, "
                "or a file of training.weights"
            ) from None
        if architecture not in ARCHITECTURES:
            known = ", ".join(ARCHITECTURES)
            raise ConfigurationError(f"{path} is of the architecture {architecture!r}; known: {known}")
        try:
            recipe = _recipe(saved["recipe"])
            known_fields = {field.name: saved[field.name] for field in fields(cls) if field.name in saved}
            return cls(**known_fields | {"recipe": recipe})
        except (TypeError, KeyError) as error:
            raise ConfigurationError(f"{path} is a checkpoint of another version: {error}") from None


def _whole(path: Path) -> dict[str, Any]:
    saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return saved


def _released(path: Path) -> dict[str, Any]:
    with safe_open(path, "pt") as file:
        saved: dict[str, Any] = json.loads(file.metadata()["checkpoint"])
        averaged = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - it is no dict
    recipe = _recipe(saved["recipe"])
    if recipe.tied:
        corners = _squares(recipe, averaged[TIED], side=1)
        averaged[TIED] = corners.expand(*corners.shape[:3], 2, -1, 2).flatten(1)
    return saved | {"averaged": averaged, "network": {}, "optimizer": {}, "epoch_sums": [0.0, 0.0, 0.0]}


def _squares(recipe: Recipe, weight: Tensor, side: int = 2) -> Tensor:
    """A linear layer's weights over maps as (outputs, channels, rows, side, columns, side): squares of positions."""
    rows = ARCHITECTURES[recipe.architecture].input.size // 16
    return weight.view(len(weight), -1, rows, side, rows, side)


def _recipe(saved: dict[str, Any]) -> Recipe:
    augmentation = Augmentation(**saved["augmentation"])
    return Recipe(**saved | {"augmentation": augmentation, "blocks": tuple(saved["blocks"])})
