"""A training run: network, optimiser, averaged weights and place in the schedule; saved and resumed exactly.

Every random choice follows from the seed and the step, so a run that was stopped and resumed ends like an unbroken one.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from classifier.backends import softmax
from classifier.networks import DROPOUT, EmotionCNN, make_network
from classifier.preprocess import InputSpec, prepare
from classifier.release import BLOCKS, halvings
from shared.compute import has_bf16
from shared.errors import AffectError, ConfigurationError
from shared.messages import EMOTIONS
from training.augment import augment
from training.checkpoint import read_checkpoint, recipe_of
from training.data import Faces
from training.fused import FusedEmotionCNN, fits
from training.fused_net import FusedEmotionNet
from training.metrics import report
from training.recipes import INPUTS, Recipe, changed, rate
from training.start import start_from
from training.teacher import Teacher

EVALUATION_BATCH = 64
AVERAGE_EVERY = 4
"""Steps between two updates of the averaged weights."""
OPTIMIZERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "adam": partial(torch.optim.AdamW, fused=True),
    "sgd": partial(torch.optim.SGD, lr=0.0, momentum=0.9, nesterov=True, fused=True),
}
"""The rate is set at every step; Adam's weight decay is the decoupled one (arXiv 1711.05101)."""

FUSED: dict[str, Callable[[Any], nn.Module]] = {"emotion-cnn": FusedEmotionCNN, "emotion-net": FusedEmotionNet}
"""The same networks, faster to train on a CPU."""


class DivergedError(AffectError):
    """The loss is no number any more; the last good checkpoint is kept."""


class Run:
    """A training run: its network, optimiser and place in the schedule. One method per thing that happens."""

    def __init__(self, recipe: Recipe, seed: int, device: torch.device):
        torch.manual_seed(seed)
        self.recipe, self.seed, self.device = recipe, seed, device
        self.spec = INPUTS[recipe.architecture]
        _check_blocks(recipe, self.spec.size)
        network = make_network(recipe.architecture, self.spec.size, recipe.blocks).to(device)
        self.network = network.to(memory_format=torch.channels_last)
        if recipe.tied:
            tie_weights(self.network)
        _set_dropout(self.network, recipe.dropout)
        self.averaged = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.step_network: nn.Module = self.network
        self.mixed_precision = recipe.mixed_precision and has_bf16(device.type)
        if self.mixed_precision and fits(device):
            self.step_network = FUSED[recipe.architecture](self.network)
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        others = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.optimizer = OPTIMIZERS[recipe.optimizer](groups)
        self.teacher = Teacher(recipe.teacher, device) if recipe.teacher else None
        self.releases = {"teacher": self.teacher.name} if self.teacher else {}
        """Which release a name of the recipe meant when the run began."""
        self.pictures = ""
        """A digest of the data; a run does not go on with another."""
        self.step = 0
        self.best = 0.0
        self.waited = 0
        """Epochs since the best validation accuracy."""
        self.class_weights: Tensor | None = None
        self.epoch_sums = [0.0, 0.0, 0.0]
        """Loss, correct answers and images of the epoch so far."""

    @classmethod
    def begin(cls, recipe: Recipe, seed: int, device: torch.device) -> "Run":
        """A run's first step: from fresh weights, or from the release that the recipe names."""
        run = cls(recipe, seed, device)
        if recipe.start:
            run.releases["start"] = start_from(run.network, recipe)
            run.averaged = {name: value.detach().clone() for name, value in run.network.state_dict().items()}
        return run

    def autocast(self) -> Any:
        """bfloat16 where the device has it and the recipe wants it."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.mixed_precision else nullcontext()

    def _weigh(self, labels: np.ndarray) -> None:
        """Makes images count by the inverse of their class's frequency in `labels` (N), where the recipe says so."""
        if self.recipe.class_weights:
            counts = np.maximum(np.bincount(labels, minlength=len(EMOTIONS)), 1)
            self.class_weights = torch.tensor(len(labels) / (len(EMOTIONS) * counts), dtype=torch.float32).to(
                self.device
            )

    def train_on(self, train: Faces, validation: Faces) -> None:
        """Take note of the data. Raises ConfigurationError where the run began with other pictures."""
        digest = hashlib.sha1(usedforsecurity=False)
        for part in (train.images, train.labels, train.votes, validation.images, validation.labels):
            digest.update(part.tobytes())
        if self.pictures not in ("", digest.hexdigest()):
            raise ConfigurationError(
                "the run began with other pictures; give the same --data, or begin a run with --start"
            )
        self.pictures = digest.hexdigest()
        self._weigh(train.labels)

    def train_step(self, images: Tensor, labels: Tensor, votes: Tensor, per_epoch: int) -> float:
        """One of an epoch's steps, on images (B, 48, 48) uint8, labels (B) and vote shares (B, 7); returns the loss."""
        seed = self.seed * 1_000_003 + self.step
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)
        inputs = augment(images, self.spec.size, self.recipe.augmentation, generator)
        inputs = (inputs - self.spec.mean) / self.spec.std
        target = targets(labels, votes, self.recipe).to(self.device)
        if self.teacher is not None:
            again = torch.Generator().manual_seed(seed)
            said = self.teacher.probs(images, self.recipe.augmentation, again, self.autocast())
            target = torch.lerp(target, said, self.recipe.teacher_share)
        if self.recipe.mixup and self.step < per_epoch * (self.recipe.epochs - self.recipe.unmixed):
            share = float(torch.distributions.Beta(self.recipe.mixup, self.recipe.mixup).sample())
            partner = torch.randperm(len(labels), generator=generator)
            inputs, target = (torch.lerp(mixed[partner], mixed, share) for mixed in (inputs, target))
        for group in self.optimizer.param_groups:
            group["lr"] = rate(self.recipe, self.step / (per_epoch * self.recipe.epochs))
        self.step_network.train()
        with self.autocast():
            logits = self.step_network(inputs)
        loss = functional.cross_entropy(logits.float(), target, self.class_weights)
        value = loss.item()
        if not math.isfinite(value):
            raise DivergedError(f"the loss became {value} at step {self.step}; lower the learning rate")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        self.step += 1
        self._average()
        correct = (logits.argmax(1).cpu() == labels).sum().item()
        for index, amount in enumerate((value * len(labels), correct, len(labels))):
            self.epoch_sums[index] += amount
        return value

    def _average(self) -> None:
        """Moves the averaged weights towards the present ones; early in a run they follow closely."""
        if self.recipe.average and self.step % AVERAGE_EVERY:
            return
        decay = min(self.recipe.average**AVERAGE_EVERY, self.step / (self.step + 40)) if self.recipe.average else 0.0
        with torch.no_grad():
            for name, value in self.network.state_dict().items():
                if value.is_floating_point():
                    self.averaged[name].lerp_(value, 1 - decay)
                else:
                    self.averaged[name].copy_(value)

    def epoch_means(self) -> dict[str, float]:
        """Mean loss and accuracy of the epoch so far."""
        loss, correct, seen = self.epoch_sums
        return {"train_loss": loss / seen, "train_accuracy": correct / seen}

    def end_epoch(self) -> dict[str, float]:
        """The epoch's means; the next one begins."""
        means = self.epoch_means()
        self.epoch_sums = [0.0, 0.0, 0.0]
        return means

    def evaluate(self, faces: Faces) -> dict[str, Any]:
        """The validation report of the averaged weights, on pictures prepared as the running system does."""
        live = {name: value.clone() for name, value in self.network.state_dict().items()}
        self.network.load_state_dict(self.averaged)
        logits = evaluate(self.step_network, faces.images, self.spec, self.device, self.autocast())
        self.network.load_state_dict(live)
        return report(softmax(logits), faces.labels)

    def judged(self, accuracy: float) -> bool:
        """Whether an epoch's validation accuracy is the best so far."""
        better = accuracy > self.best
        self.best, self.waited = (accuracy, 0) if better else (self.best, self.waited + 1)
        return better

    def exhausted(self) -> bool:
        """Whether the recipe's patience is at its end."""
        return 0 < self.recipe.patience <= self.waited

    def save(self, path: Path) -> None:
        """Writes everything `resume` needs beside `path`, then renames.

        Raises AffectError where that fails (a full disk) and DivergedError for weights that are no numbers; what was
        at `path` before is still there.
        """
        if not all(value.isfinite().all() for value in self.network.state_dict().values()):
            raise DivergedError(f"the weights at step {self.step} are not finite; {path} is as it was")
        state = {
            "recipe": asdict(self.recipe),
            "seed": self.seed,
            "releases": self.releases,
            "pictures": self.pictures,
            "step": self.step,
            "best": self.best,
            "waited": self.waited,
            "epoch_sums": self.epoch_sums,
            "network": self.network.state_dict(),
            "averaged": self.averaged,
            "optimizer": self.optimizer.state_dict(),
        }
        part = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(state, part)
            part.replace(path)
        except (OSError, RuntimeError) as error:  # torch's own writer raises the latter
            part.unlink(missing_ok=True)
            kept = "the checkpoint before it is kept" if path.exists() else "there was none before"
            raise AffectError(f"{path} could not be written, {kept}: {error}") from None

    @classmethod
    def resume(cls, path: Path, device: torch.device, options: Mapping[str, Any] | None = None) -> "Run":
        """The run that `save` wrote, with `options` changed in its recipe."""
        saved = read_checkpoint(path)
        before = recipe_of(saved)
        recipe = changed(before, options or {})
        if recipe.tied != before.tied:
            raise ConfigurationError(f"{path}: weights cannot be tied or untied in the middle of a run")
        if recipe.batch != before.batch:
            raise ConfigurationError(f"{path}: a run's place is counted in its batches of {before.batch}; keep --batch")
        run = cls(recipe, saved["seed"], device)
        try:
            run.network.load_state_dict(saved["network"])
        except RuntimeError as error:
            raise ConfigurationError(f"{path} holds another network: {' '.join(str(error).split())[:300]}") from None
        taught = saved.get("releases", {}).get("teacher", "")
        if taught and run.releases.get("teacher", taught) != taught and "teacher" not in (options or {}):
            now = run.releases["teacher"]
            raise ConfigurationError(
                f"{path}: its teacher was {taught}, now it is {now}; --teacher NAME goes on with it"
            )
        run.releases = saved.get("releases", {}) | run.releases
        run.averaged = {name: value.to(device) for name, value in saved["averaged"].items()}
        run.optimizer.load_state_dict(saved["optimizer"])
        run.pictures = saved.get("pictures", "")
        run.step, run.best, run.epoch_sums = saved["step"], saved["best"], saved["epoch_sums"]
        run.waited = saved.get("waited", 0)
        return run


def _check_blocks(recipe: Recipe, size: int) -> None:
    """Refuses blocks for a network that has none, and such as would halve an odd side, which fused layers cannot."""
    if recipe.architecture != "emotion-net":
        if recipe.blocks != BLOCKS:
            raise ConfigurationError(f"--blocks {list(recipe.blocks)}: only emotion-net has them")
    elif size % 2 ** halvings(recipe.blocks):
        raise ConfigurationError(
            f"--blocks {list(recipe.blocks)}: {size} pixels cannot be halved {halvings(recipe.blocks)} times without a "
            "rest (each change of channels halves them); repeat channels instead"
        )


def _set_dropout(network: nn.Module, share: float) -> None:
    """Leaves out another share of an EmotionCNN's hidden units while it is trained; it classifies with all of them."""
    if isinstance(network, EmotionCNN):
        cast(nn.Dropout, network.head[3]).p = share
    elif share != DROPOUT:
        raise ConfigurationError(f"--dropout {share}: only emotion-cnn has it")


def tie_weights(network: nn.Module) -> None:
    """Makes an EmotionCNN's first linear layer treat 2x2 neighbouring positions of a map alike, and keep doing so.

    It is then the function of a layer with a quarter of the weights behind average pooling. Raises ConfigurationError
    for another architecture.
    """
    if not isinstance(network, EmotionCNN):
        raise ConfigurationError("weights can be tied in emotion-cnn only")
    weight = cast(Tensor, network.head[0].weight)
    places = math.isqrt(weight.shape[1] // network.channels)

    def tied(values: Tensor) -> Tensor:
        means = functional.avg_pool2d(values.view(-1, network.channels, places, places), 2)
        return means.repeat_interleave(2, 2).repeat_interleave(2, 3).view_as(values)

    with torch.no_grad():
        weight.copy_(tied(weight) * 2)  # as large as before
    weight.register_hook(tied)  # type: ignore[no-untyped-call]


def targets(labels: Tensor, votes: Tensor, recipe: Recipe) -> Tensor:
    """Target probabilities (B, 7): the label, smoothed, mixed with the votes where an image has them."""
    hard = functional.one_hot(labels, len(EMOTIONS)).float()
    share = recipe.vote_share * votes.sum(1, keepdim=True)
    mixed = hard * (1 - share) + votes * recipe.vote_share
    return mixed * (1 - recipe.label_smoothing) + recipe.label_smoothing / len(EMOTIONS)


def evaluate(
    network: nn.Module, images: np.ndarray, spec: InputSpec, device: torch.device, autocast: Any = None
) -> np.ndarray:
    """Logits (N, 7) float32 of pictures (N, H, W) uint8 that are the view itself."""
    network.eval()
    parts = []
    with torch.inference_mode(), autocast or nullcontext():
        for start in range(0, len(images), EVALUATION_BATCH):
            batch = prepare(list(images[start : start + EVALUATION_BATCH]), spec, whole=True)
            parts.append(network(torch.from_numpy(batch).to(device)).float().cpu().numpy())
    return np.concatenate(parts)
