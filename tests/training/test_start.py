"""Runs that begin with a released model's weights."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from classifier.release import save_release
from shared.errors import ConfigurationError, ModelError
from training.checkpoint import read_checkpoint
from training.data import Faces
from training.export import release_of
from training.recipes import PRESETS, Recipe
from training.run import Run, evaluate
from training.start import continued

pytestmark = pytest.mark.usefixtures("small", "one_thread")

CPU = torch.device("cpu")
NET = replace(PRESETS["emotion-net"], blocks=(32, 64), start="", teacher="", mixup=0.0, weight_decay=0.0)
CNN = replace(PRESETS["emotion-cnn"], start="", teacher="", tied=False)


@pytest.fixture
def released(tmp_path: Path, faces: Faces) -> Callable[[Recipe], tuple[str, np.ndarray]]:
    """Releases what a recipe makes of the first pictures; gives the folder and its logits."""

    def release(recipe: Recipe) -> tuple[str, np.ndarray]:
        run = Run(replace(recipe, average=0.0, rate=0.05, schedule="constant"), 0, CPU)
        for _ in range(4):
            run.train_step(*(torch.from_numpy(part[:7]) for part in (faces.images, faces.labels, faces.votes)), 4)
        run.save(tmp_path / "run.pt")
        save_release(release_of(read_checkpoint(tmp_path / "run.pt"), "before", "1"), tmp_path / "before")
        return str(tmp_path / "before"), evaluate(run.network, faces.images, run.spec, CPU)

    return release


@pytest.mark.parametrize("recipe", [NET, CNN, replace(CNN, tied=True)])
def test_a_run_begins_with_what_was_released(
    released: Callable[[Recipe], tuple[str, np.ndarray]], faces: Faces, recipe: Recipe
) -> None:
    """Before the first step live and averaged weights answer as the release does, but for its float16."""
    folder, expected = released(recipe)
    run = Run.begin(replace(recipe, start=folder), 1, CPU)
    for weights in (run.network.state_dict(), run.averaged):
        run.network.load_state_dict(weights)
        actual = evaluate(run.network, faces.images, run.spec, CPU)
        assert np.abs(actual - expected).max() < 0.01 * np.ptp(expected)


def test_new_blocks_change_nothing_until_they_have_learnt(
    released: Callable[[Recipe], tuple[str, np.ndarray]], faces: Faces
) -> None:
    """A deeper network begins with the released one's answers, and its new blocks learn from the second step on."""
    folder, expected = released(NET)
    run = Run.begin(replace(NET, start=folder, blocks=(64, 32, 32, 64, 64)), 1, CPU)
    assert np.abs(evaluate(run.network, faces.images, run.spec, CPU) - expected).max() < 0.01 * np.ptp(expected)
    fresh = run.network.blocks[0].body[0].weight.detach().clone()
    for is_as_it_was in (True, False):  # at first its last factors are zero and let no gradient through
        run.train_step(*(torch.from_numpy(part[:7]) for part in (faces.images, faces.labels, faces.votes)), 4)
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
        Run.begin(replace(NET, start=folder), 0, CPU)
    with pytest.raises(ConfigurationError, match="not tied; give --no-tied"):
        Run.begin(replace(CNN, start=folder, tied=True), 0, CPU)
    with pytest.raises(ModelError, match="nobody"):
        Run.begin(replace(CNN, start="nobody"), 0, CPU)
