"""The networks of the presets, and runs that begin with a released model's weights."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from classifier.architectures import ARCHITECTURES
from classifier.release import save_release
from shared.errors import ConfigurationError, ModelError
from training import train
from training.checkpoint import Checkpoint
from training.data import Faces
from training.export import release_of
from training.network import continued, find_release
from training.recipes import PRESETS, Recipe
from training.state import TrainState
from training.targets import Pictures

pytestmark = pytest.mark.usefixtures("small", "one_thread")

CPU = torch.device("cpu")
NET = replace(PRESETS["emotion-net"], blocks=(32, 64), start="", teacher="", mixup=0.0, weight_decay=0.0)
CNN = replace(PRESETS["emotion-cnn"], start="", teacher="", tied=False)


def logits(run: TrainState, faces: Faces) -> np.ndarray:
    """The answers (N, 7) of the network that would be released, in float32."""
    precise, run.mixed_precision = run.mixed_precision, False
    answers = train.logits_of(run, faces.images)
    run.mixed_precision = precise
    return answers


def step(run: TrainState, faces: Faces) -> None:
    """One step on the first seven pictures."""
    seven = Pictures.of(faces.take(np.arange(7)), run.recipe, CPU)
    train.step(run, seven.images, seven.labels, seven.target, 4)


@pytest.fixture
def released(tmp_path: Path, faces: Faces) -> Callable[[Recipe], tuple[str, np.ndarray]]:
    """Releases what a recipe makes of the first pictures; gives the folder and its logits."""

    def release(recipe: Recipe) -> tuple[str, np.ndarray]:
        run = TrainState(replace(recipe, average=0.0, rate=0.05, schedule="constant"), 0, CPU)
        for _ in range(4):
            step(run, faces)
        run.checkpoint().write(tmp_path / "run.pt")
        save_release(release_of(Checkpoint.read(tmp_path / "run.pt"), "before", "1"), tmp_path / "before")
        return str(tmp_path / "before"), logits(run, faces)

    return release


@pytest.mark.parametrize("recipe", [NET, CNN, replace(CNN, tied=True)])
def test_a_run_begins_with_what_was_released(
    released: Callable[[Recipe], tuple[str, np.ndarray]], faces: Faces, recipe: Recipe
) -> None:
    """Before the first step live and averaged weights answer as the release does, but for its float16."""
    folder, expected = released(recipe)
    run = TrainState.begin(replace(recipe, start=folder), 1, CPU)
    assert np.abs(logits(run, faces) - expected).max() < 0.01 * np.ptp(expected)
    live, averaged = run.checkpoint().network, run.checkpoint().averaged
    assert all(torch.equal(live[name], averaged[name]) for name in live)


def test_new_blocks_change_nothing_until_they_have_learnt(
    released: Callable[[Recipe], tuple[str, np.ndarray]], faces: Faces
) -> None:
    """A deeper network begins with the released one's answers, and its new blocks learn from the second step on."""
    folder, expected = released(NET)
    run = TrainState.begin(replace(NET, start=folder, blocks=(64, 32, 32, 64, 64)), 1, CPU)
    assert np.abs(logits(run, faces) - expected).max() < 0.01 * np.ptp(expected)
    fresh = run.network.blocks[0].body[0].weight.detach().clone()
    for is_as_it_was in (True, False):  # at first its last factors are zero and let no gradient through
        step(run, faces)
        assert torch.equal(fresh, run.network.blocks[0].body[0].weight) == is_as_it_was


def test_where_the_blocks_go() -> None:
    """Each block goes on from the first one that fits; repetitions are new."""
    assert continued((96, 192, 192, 384), (96, 192, 192, 384)) == [0, 1, 2, 3]
    assert continued((96, 192, 192, 384), (96, 96, 192, 192, 192, 384)) == [0, 2, 3, 5]


@pytest.mark.parametrize("blocks", [(96, 192, 384), (96, 192, 192), (96, 192, 192, 384, 512), (32, 96, 192, 192, 384)])
def test_blocks_that_cannot_go_on_are_refused(blocks: tuple[int, ...]) -> None:
    """One is missing, or a new one would change the channels."""
    with pytest.raises(ConfigurationError, match="only repetitions may be added; --start '' begins"):
        continued((96, 192, 192, 384), blocks)


def test_what_a_run_cannot_begin_with_is_refused(released: Callable[[Recipe], tuple[str, np.ndarray]]) -> None:
    """Another architecture, weights that are not tied, no release at all: each is said before an hour is spent."""
    folder, _ = released(CNN)
    with pytest.raises(ConfigurationError, match="emotion-cnn for 32 pixels; --preset makes emotion-net for 48"):
        TrainState.begin(replace(NET, start=folder), 0, CPU)
    with pytest.raises(ConfigurationError, match="not tied; give --no-tied"):
        TrainState.begin(replace(CNN, start=folder, tied=True), 0, CPU)
    with pytest.raises(ModelError, match="nobody"):
        TrainState.begin(replace(CNN, start="nobody"), 0, CPU)


def test_emotion_lite_costs_a_quarter() -> None:
    """As released: at most 1.5 M parameters and 0.25 G multiplications, where emotion-net takes four times as many."""
    network = ARCHITECTURES["emotion-lite"].module(48, PRESETS["emotion-lite"].blocks).eval()
    multiplications = 0

    def count(layer: nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal multiplications
        multiplications += layer.weight[0].numel() * output[0].numel()

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    assert network(torch.zeros(1, 1, 48, 48)).shape == (1, 7)
    assert multiplications <= 0.25e9
    assert sum(parameter.numel() for parameter in network.parameters()) <= 1_500_000


def test_a_release_is_pinned_by_its_weights() -> None:
    """A release whose view was fitted anew (6.1) is still the one that a run was begun with (6)."""
    config = find_release("emotion-net").config
    assert find_release(f"emotion-net@{config.weights_version}").config == config
    assert find_release(f"emotion-net@{config.version}").config == config
    with pytest.raises(ConfigurationError, match=r"emotion-net@0\.1 is wanted"):
        find_release("emotion-net@0.1")
