"""Targets: labels, votes, a teacher's answers, and mixtures of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from shared.errors import ModelError
from training import train
from training.augment import Augmentation, augment
from training.data import Faces
from training.recipes import PRESETS
from training.state import TrainState
from training.targets import Pictures, Teacher, class_weights, targets

CPU = torch.device("cpu")
STILL = Augmentation(flip=0.0)
RECIPE = replace(PRESETS["emotion-cnn"], batch=7, epochs=2, teacher="", dropout=0.5, mixup=0.0, unmixed=0)
pytestmark = pytest.mark.usefixtures("small", "one_thread")


def step(run: TrainState, faces: Faces) -> float:
    """One step on the seven pictures whose turn it is."""
    index = np.arange(7) + 7 * (run.step % 4)
    seven = Pictures.of(faces.take(index), run.recipe, CPU)
    return float(train.step(run, seven.images, seven.labels, seven.target, 4))


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
    run = TrainState(
        replace(RECIPE, architecture="emotion-net", tied=False, teacher="emotion-net", augmentation=how), 0, CPU
    )
    seen: list[torch.Tensor] = []
    run.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    logits = run.teacher._classifier.logits

    def note(shown: np.ndarray) -> np.ndarray:
        seen.append(torch.from_numpy(shown.copy()))
        return logits(shown)

    monkeypatch.setattr(run.teacher._classifier, "logits", note)
    step(run, faces)
    torch.testing.assert_close(*seen)


def test_the_answers_count_by_their_share(faces: Faces) -> None:
    """A share of 0 is no teacher; a larger one changes the loss."""
    alone = step(TrainState(RECIPE, 0, CPU), faces)
    assert step(TrainState(replace(RECIPE, teacher="emotion-net", teacher_share=0.0), 0, CPU), faces) == alone
    assert step(TrainState(replace(RECIPE, teacher="emotion-net", teacher_share=0.7), 0, CPU), faces) != alone


def test_a_missing_teacher_is_named() -> None:
    """Before an hour is spent."""
    with pytest.raises(ModelError, match="nobody"):
        TrainState(replace(RECIPE, teacher="nobody"), 0, CPU)


def test_targets_mix_label_votes_and_smoothing() -> None:
    """Targets sum to 1; an image without votes keeps its label."""
    recipe = replace(RECIPE, label_smoothing=0.1, vote_share=0.25)
    votes = torch.zeros(2, 7)
    votes[1, 4] = 1
    found = targets(torch.tensor([0, 0]), votes, recipe)
    assert found.sum(1).tolist() == pytest.approx([1, 1])
    assert found[0, 0].item() == pytest.approx(0.9 + 0.1 / 7)
    assert found[1, 0].item() == pytest.approx(0.75 * 0.9 + 0.1 / 7)
    assert found[1, 4].item() == pytest.approx(0.25 * 0.9 + 0.1 / 7)


def test_class_weights_favour_the_rare(faces: Faces) -> None:
    """A class with a third of the others' images counts three times as much; on average images count once."""
    labels = np.repeat(np.arange(7), [1, 3, 3, 3, 3, 3, 3])
    weights = class_weights(labels)
    assert (weights[0] / weights[1]).item() == pytest.approx(3)
    assert weights[labels].mean().item() == pytest.approx(1)
    uneven = faces.take(np.concatenate([np.arange(28), [0, 0, 0]]))
    losses = []
    for wanted in (True, False):
        run = TrainState(replace(RECIPE, class_weights=wanted), 0, CPU)
        run.take(uneven, faces)
        losses.append(step(run, faces))
    assert losses[0] != losses[1]


def test_mixing_changes_images_and_is_repeated_exactly(faces: Faces) -> None:
    """The same seed mixes alike, and another loss comes out than without mixing."""
    losses = [step(TrainState(replace(RECIPE, mixup=mixup), 0, CPU), faces) for mixup in (0.4, 0.4, 0.0)]
    assert losses[0] == losses[1] != losses[2]


def test_the_last_epochs_are_not_mixed(faces: Faces) -> None:
    """The first of two epochs, of four steps each, is that of a mixed run; the second goes on without."""
    half, mixed = (TrainState(replace(RECIPE, mixup=0.4, unmixed=unmixed), 0, CPU) for unmixed in (1, 0))
    losses = [(step(half, faces), step(mixed, faces)) for _ in range(5)]
    assert [one == other for one, other in losses] == [True, True, True, True, False]
