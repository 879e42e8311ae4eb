"""Tiny data for the training room's tests."""

import msgspec
import numpy as np
import pytest
import torch

from shared.messages import EMOTIONS
from training.data import Faces
from training.recipes import INPUTS


@pytest.fixture(autouse=True)
def bf16_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same code runs on processors that have to emulate it."""
    monkeypatch.setattr("training.run.has_bf16", lambda _: True)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """emotion-cnn for 32 pixels: the same layers with a fiftieth of the weights."""
    monkeypatch.setitem(INPUTS, "emotion-cnn", msgspec.structs.replace(INPUTS["emotion-cnn"], size=32))


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
def one_thread():
    """Same threads, same result."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def two_slices(one_thread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fused functions in two threads, whose parts are added up, and torch in one: quick on busy cores too."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
