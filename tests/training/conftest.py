"""Tiny data for the training room's tests."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import matplotlib as mpl
import msgspec
import numpy as np
import pytest
import torch

from classifier.architectures import ARCHITECTURES
from classifier.backends import Classifier, load_classifier
from shared.messages import EMOTIONS
from training.data import Faces


@pytest.fixture(autouse=True)
def bf16_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same code runs on processors that have to emulate it."""
    monkeypatch.setattr("training.state.has_bf16", lambda _: True)


@cache
def teacher(*arguments: Any) -> Classifier:
    """A released model, compiled once for all tests."""
    return load_classifier(*arguments)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes long and is not looked at: a teacher is compiled once, and figures are small."""
    monkeypatch.setattr("training.targets.load_classifier", teacher)
    monkeypatch.setitem(mpl.rcParams, "figure.dpi", 20)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """emotion-cnn for 32 pixels: the same layers with a fiftieth of the weights."""
    full = ARCHITECTURES["emotion-cnn"]
    spec = msgspec.structs.replace(full.input, size=32)
    monkeypatch.setitem(ARCHITECTURES, "emotion-cnn", replace(full, input=spec))


@pytest.fixture
def faces() -> Faces:
    """28 noisy pictures whose class is the place of a bright bar."""
    rng = np.random.default_rng(0)
    labels = np.arange(28) % len(EMOTIONS)
    images = rng.integers(0, 120, (28, 48, 48)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        image[6 * label : 6 * label + 6] = 250
    return Faces(
        images, labels.astype(np.int64), np.array([f"{i}.png" for i in range(28)]), np.zeros((28, 7), np.float32)
    )


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Same threads, same result."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
