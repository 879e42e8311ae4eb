"""A released model whose answers become part of the targets: distillation (Hinton et al. 2015, arXiv 1503.02531).

It sees the same augmented picture as its pupil, at its own size.
"""

from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from classifier.backends import load_classifier, torch_network
from classifier.release import MODELS, load_release
from training.augment import Augmentation, augment


class Teacher:
    """The model `name`, or that of a folder, with its temperature. Raises ModelError where there is none.

    On a CPU it runs as the classifier stage runs it, which is more than twice as fast as torch; elsewhere in torch,
    within `autocast`.
    """

    def __init__(self, name: str, device: torch.device):
        if device.type == "cpu":
            self._classifier = load_classifier(name, MODELS, "cpu", torch.get_num_threads())
            self.name = self._classifier.name
            self._spec, self._temperature = self._classifier.spec, self._classifier.temperature
        else:
            release = load_release(name, MODELS)
            self._network = torch_network(release).to(device, memory_format=torch.channels_last)
            self.name = f"{release.config.name}-{release.config.version}"
            self._spec, self._temperature = release.config.input, release.config.temperature

    def probs(self, images: Tensor, how: Augmentation, generator: torch.Generator, autocast: Any = None) -> Tensor:
        """Probabilities (B, 7) float32 for pictures (B, 48, 48) uint8, augmented as `generator` draws it."""
        inputs = (augment(images, self._spec.size, how, generator) - self._spec.mean) / self._spec.std
        if inputs.device.type == "cpu":
            logits = torch.from_numpy(self._classifier.logits(inputs.numpy()))
        else:
            with torch.no_grad(), autocast or nullcontext():
                logits = self._network(inputs).float()
        return torch.softmax(logits / self._temperature, 1)
