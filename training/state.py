"""The state of a training run: network, averaged weights, optimiser and position in the schedule.

All randomness derives from the seed and the step, so a resumed run ends like an uninterrupted one.
"""

import copy
import hashlib
import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from classifier.architectures import ARCHITECTURES
from shared.compute import has_bf16
from shared.errors import ConfigurationError
from training import soft_targets
from training.checkpoint import Checkpoint, DivergedError
from training.data import Faces
from training.network import build, pinned, start_from
from training.recipes import Recipe, changed
from training.targets import Teacher, class_weights

AVERAGE_EVERY = 4
"""Steps between two updates of the averaged weights."""
OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "adam": partial(torch.optim.AdamW, fused=True),
    "sgd": partial(torch.optim.SGD, lr=0.0, momentum=0.9, nesterov=True, fused=True),
}
"""The rate is set at every step; Adam's weight decay is the decoupled one (arXiv 1711.05101)."""


class TrainState:
    """A run at a step; created by `begin` or `resume`, advanced by `train.step`."""

    def __init__(self, recipe: Recipe, seed: int, device: torch.device):
        torch.manual_seed(seed)
        from_file = soft_targets.is_file(recipe.teacher)
        teacher = soft_targets.pinned(recipe.teacher) if from_file else pinned(recipe.teacher)
        self.recipe = recipe = replace(recipe, start=pinned(recipe.start), teacher=teacher)
        self.seed, self.device = seed, device
        self.input = ARCHITECTURES[recipe.architecture].input
        self.network = build(recipe).to(device).to(memory_format=torch.channels_last)
        self._averaged = copy.deepcopy(self.network) if recipe.average else None
        self.mixed_precision = recipe.mixed_precision and has_bf16(device.type)
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        others = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = OPTIMIZERS[recipe.optimizer](groups)
        self.teacher = Teacher(recipe.teacher, device) if recipe.teacher and not from_file else None
        """A release, which answers at each step."""
        self.class_weights: Tensor | None = None
        self.pictures = ""
        """A digest of the data, which must not change during a run."""
        self.step = 0
        self.best = 0.0
        self.waited = 0
        """Epochs since the best validation accuracy."""
        precision = torch.float32 if device.type == "mps" else torch.float64  # MPS has no float64
        self.epoch_sums = torch.zeros(3, dtype=precision, device=device)
        """Loss, correct answers and images since the last validation; on the device, so that no step waits for it."""

    @classmethod
    def begin(cls, recipe: Recipe, seed: int, device: torch.device) -> "TrainState":
        """A new run, from random weights or the recipe's release."""
        state = cls(recipe, seed, device)
        if recipe.start:
            start_from(state.network, state.recipe)
            state.released.load_state_dict(state.network.state_dict())
        return state

    @classmethod
    def resume(cls, path: Path, device: torch.device, options: Mapping[str, Any] | None = None) -> "TrainState":
        """The run of a checkpoint, with `options` changed in its recipe; raises ConfigurationError if they conflict."""
        saved = Checkpoint.read(path)
        recipe = changed(saved.recipe, options or {})
        if recipe.tied != saved.recipe.tied:
            raise ConfigurationError(f"{path}: weights cannot be tied or untied in the middle of a run")
        if recipe.batch != saved.recipe.batch:
            kept = saved.recipe.batch
            raise ConfigurationError(f"{path}: a run's place is counted in its batches of {kept}; keep --batch")
        if not saved.network:
            raise ConfigurationError(f"{path} holds the weights for a release alone, from which no run can go on")
        state = cls(recipe, saved.seed, device)
        try:
            state.network.load_state_dict(saved.network)
        except RuntimeError as error:
            raise ConfigurationError(f"{path} holds another network: {' '.join(str(error).split())[:300]}") from None
        if state._averaged:
            state._averaged.load_state_dict(saved.averaged)
        state.optimizer.load_state_dict(saved.optimizer)
        state.pictures, state.step = saved.pictures, saved.step
        state.best, state.waited = saved.best, saved.waited
        state.epoch_sums += torch.tensor(saved.epoch_sums, dtype=state.epoch_sums.dtype).to(device)
        return state

    @property
    def released(self) -> nn.Module:
        """The network that is validated and released: the averaged one, if the recipe averages."""
        return self._averaged if self._averaged else self.network

    def autocast(self) -> Any:
        """bfloat16 if the recipe wants it and the device supports it."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.mixed_precision else nullcontext()

    def take(self, train: Faces, validation: Faces) -> None:
        """Registers the data. Raises ConfigurationError if the run began with other pictures."""
        digest = hashlib.sha1(usedforsecurity=False)
        for part in (train.images, train.labels, train.votes, validation.images, validation.labels):
            digest.update(part.tobytes())
        if self.pictures not in ("", digest.hexdigest()):
            raise ConfigurationError(
                "the run began with other pictures; give the same --data, or begin a run with --start"
            )
        self.pictures = digest.hexdigest()
        self.class_weights = class_weights(train.labels).to(self.device) if self.recipe.class_weights else None

    def step_done(self, loss: Tensor, correct: Tensor, images: int) -> None:
        """Records a step's mean loss and correct answers, and updates the averaged weights."""
        self.step += 1
        if self._averaged and self.step % AVERAGE_EVERY == 0:
            _average(self._averaged, self.network, _decay(self.recipe.average, self.step // AVERAGE_EVERY - 1))
        self.epoch_sums[0] += loss.to(self.epoch_sums) * images
        self.epoch_sums[1] += correct
        self.epoch_sums[2] += images

    def epoch_means(self) -> dict[str, float]:
        """Mean loss and accuracy since the last validation. Waits for the device.

        Raises DivergedError for a non-finite loss.
        """
        loss, correct, seen = self.epoch_sums.tolist()
        if not math.isfinite(loss):
            raise DivergedError(f"the loss became {loss} before step {self.step}; lower the learning rate")
        return {"train_loss": loss / seen, "train_accuracy": correct / seen}

    def epoch_done(self, accuracy: float) -> bool:
        """Ends an epoch with its validation accuracy, 0..1; returns whether that is the best so far."""
        self.epoch_sums.zero_()
        better = accuracy > self.best
        self.best, self.waited = (accuracy, 0) if better else (self.best, self.waited + 1)
        return better

    def exhausted(self) -> bool:
        """Whether the recipe's patience has run out."""
        return 0 < self.recipe.patience <= self.waited

    def checkpoint(self) -> Checkpoint:
        """The run as a checkpoint."""
        return Checkpoint(
            recipe=self.recipe,
            seed=self.seed,
            step=self.step,
            best=self.best,
            epoch_sums=self.epoch_sums.tolist(),
            network=self.network.state_dict(),
            averaged=self.released.state_dict(),
            optimizer=self.optimizer.state_dict(),
            waited=self.waited,
            pictures=self.pictures,
        )


def _decay(decay: float, updates: int) -> float:
    """How much of the average stays in one update after `updates` others: less at first, then `decay` per step."""
    return min(decay**AVERAGE_EVERY, (updates + 1) / (updates + 11)) if updates else 0.0


def _average(averaged: nn.Module, current: nn.Module, decay: float) -> None:
    """Moves averaged weights and statistics towards the current ones: an exponential moving average."""
    moved, towards = (
        [value.detach() for value in (*network.parameters(), *network.buffers()) if value.is_floating_point()]
        for network in (averaged, current)
    )
    get_ema_multi_avg_fn(decay)(moved, towards, None)  # type: ignore[no-untyped-call]
