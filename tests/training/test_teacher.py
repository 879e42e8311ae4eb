"""Distillation: a released model's answers in the targets."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from shared.errors import ModelError
from training.augment import Augmentation, augment
from training.data import Faces
from training.recipes import PRESETS
from training.run import Run
from training.teacher import Teacher

CPU = torch.device("cpu")
STILL = Augmentation(flip=0.0)
RECIPE = replace(PRESETS["emotion-cnn"], batch=7, epochs=2, teacher="", dropout=0.5, mixup=0.0, unmixed=0)
pytestmark = pytest.mark.usefixtures("small", "one_thread")


def step(run: Run, faces: Faces) -> float:
    """One step on the first seven pictures."""
    parts = (torch.from_numpy(array[:7]) for array in (faces.images, faces.labels, faces.votes))
    return run.train_step(*parts, 4)


def test_a_teacher_answers_in_probabilities(faces: Faces) -> None:
    """One row that sums to 1 for each picture, the same every time."""
    teacher = Teacher("emotion-net", CPU)
    images = torch.from_numpy(faces.images)
    said = teacher.probs(images, STILL, torch.Generator().manual_seed(0))
    np.testing.assert_allclose(said.sum(1), 1, atol=1e-5)
    assert torch.equal(said, teacher.probs(images, STILL, torch.Generator().manual_seed(0)))


def test_a_teacher_sees_what_its_pupil_sees(faces: Faces) -> None:
    """Drawn from the same seed, both pictures are moved alike, each at its own size."""
    images, how = torch.from_numpy(faces.images), Augmentation(degrees=30, shift=0.2)
    large, small = (augment(images, size, how, torch.Generator().manual_seed(3)) for size in (224, 48))
    shrunk = torch.nn.functional.interpolate(large, size=48, mode="area")
    assert (shrunk - small).abs().mean() < 0.05
    other = augment(images, 48, how, torch.Generator().manual_seed(4))
    assert (shrunk - other).abs().mean() > 0.1


def test_a_step_shows_both_the_same_picture(faces: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the teacher classifies in a training step is what the pupil learns from, moved and lit alike."""
    how = Augmentation(degrees=30, shift=0.2, brightness=0.2, erase=0.5)
    run = Run(replace(RECIPE, architecture="emotion-net", tied=False, teacher="emotion-net", augmentation=how), 0, CPU)
    seen: list[torch.Tensor] = []
    run.step_network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    logits = run.teacher._classifier.logits
    monkeypatch.setattr(
        run.teacher._classifier, "logits", lambda shown: (seen.append(torch.from_numpy(shown.copy())), logits(shown))[1]
    )
    step(run, faces)
    torch.testing.assert_close(*seen)


def test_the_answers_count_by_their_share(faces: Faces) -> None:
    """A share of 0 is no teacher; a larger one changes the loss."""
    alone = step(Run(RECIPE, 0, CPU), faces)
    assert step(Run(replace(RECIPE, teacher="emotion-net", teacher_share=0.0), 0, CPU), faces) == alone
    assert step(Run(replace(RECIPE, teacher="emotion-net", teacher_share=0.7), 0, CPU), faces) != alone


def test_a_missing_teacher_is_named() -> None:
    """Before an hour is spent."""
    with pytest.raises(ModelError, match="nobody"):
        Run(replace(RECIPE, teacher="nobody"), 0, CPU)
