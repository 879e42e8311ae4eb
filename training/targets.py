"""Training targets: labels, votes, a teacher's predictions, and mixup."""

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from classifier.backends import load_classifier, torch_network
from classifier.release import MODELS
from shared.messages import EMOTIONS
from training.augment import Augmentation, inputs
from training.data import Faces
from training.network import find_release
from training.recipes import Recipe


def targets(labels: Tensor, votes: Tensor, recipe: Recipe) -> Tensor:
    """Target probabilities (B, 7): the label mixed with the votes, if any, and smoothed."""
    hard = functional.one_hot(labels, len(EMOTIONS)).float()
    share = recipe.vote_share * votes.sum(1, keepdim=True)
    mixed = hard * (1 - share) + votes * recipe.vote_share
    return mixed * (1 - recipe.label_smoothing) + recipe.label_smoothing / len(EMOTIONS)


@dataclass(frozen=True)
class Pictures:
    """Training pictures on the device: images (N, 48, 48) uint8, labels (N,) int64, target (N, 7) probabilities."""

    images: Tensor
    labels: Tensor
    target: Tensor

    @classmethod
    def of(cls, faces: Faces, recipe: Recipe, device: torch.device, soft: np.ndarray | None = None) -> "Pictures":
        """The pictures of a split with the recipe's targets, of which soft ones (N, 7) are the teacher's share."""
        images, labels, votes = (
            torch.from_numpy(part).to(device) for part in (faces.images, faces.labels, faces.votes)
        )
        target = targets(labels, votes, recipe)
        if soft is not None:
            target = torch.lerp(target, torch.from_numpy(soft).to(device), recipe.teacher_share)
        return cls(images, labels, target)

    def __len__(self) -> int:
        return len(self.labels)


def class_weights(labels: np.ndarray) -> Tensor:
    """Weights (7,) float32 by the inverse of each class's frequency in `labels` (N,); 1 for an average image."""
    counts = np.maximum(np.bincount(labels, minlength=len(EMOTIONS)), 1)
    return torch.tensor(len(labels) / (len(EMOTIONS) * counts), dtype=torch.float32)


def mixup(inputs: Tensor, target: Tensor, alpha: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each input and target mixed with another of the batch by one share from Beta(alpha, alpha) (arXiv 1710.09412)."""
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    partner = torch.randperm(len(target), generator=generator, device=target.device)
    return torch.lerp(inputs[partner], inputs, share), torch.lerp(target[partner], target, share)


class Teacher:
    """A released model whose predictions become part of the targets (distillation, Hinton et al., arXiv 1503.02531).

    At each step it sees the same augmented picture as its student, at its own size, but never degraded: the student is
    to read in the worse picture what the teacher reads in the clean one. On a CPU it runs like the classifier stage,
    more than twice as fast as torch. Raises like `find_release`.
    """

    def __init__(self, reference: str, device: torch.device):
        release = find_release(reference)
        self._spec, self._temperature = release.config.input, release.config.temperature
        if device.type == "cpu":
            name = reference.rpartition("@")[0] or reference
            self._classifier = load_classifier(name, MODELS, "cpu", torch.get_num_threads())
        else:
            self._network = torch_network(release).to(device, memory_format=torch.channels_last)

    def probs(self, images: Tensor, how: Augmentation, generator: torch.Generator, autocast: Any = None) -> Tensor:
        """Probabilities (B, 7) float32 for pictures (B, 48, 48) uint8, augmented but not degraded."""
        seen = inputs(images, self._spec, replace(how, degrade=0.0), generator)
        if seen.device.type == "cpu":
            logits = torch.from_numpy(self._classifier.logits(seen.numpy()))
        else:
            with torch.no_grad(), autocast or nullcontext():
                logits = self._network(seen).float()
        return torch.softmax(logits / self._temperature, 1)
