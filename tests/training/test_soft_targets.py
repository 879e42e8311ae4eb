"""Soft targets from a file: what they become part of, and which files are refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shared.errors import ConfigurationError
from training import soft_targets, train
from training.data import Faces
from training.recipes import PRESETS
from training.state import TrainState
from training.targets import Pictures

pytestmark = pytest.mark.usefixtures("one_thread")

CPU = torch.device("cpu")
RECIPE = replace(PRESETS["emotion-net"], blocks=(16,), start="", teacher="", batch=7, teacher_share=0.6)


@pytest.fixture
def probs() -> np.ndarray:
    """Answers for the 28 pictures."""
    return np.random.default_rng(1).dirichlet(np.ones(7), 28).astype(np.float32)


def test_what_is_written_is_read(faces: Faces, probs: np.ndarray, tmp_path: Path) -> None:
    """To float16, with rows that sum to 1; half a megabyte for all of FER-2013."""
    soft_targets.write(tmp_path / "soft.safetensors", probs, faces, "two")
    said = soft_targets.read(str(tmp_path / "soft.safetensors"), faces)
    np.testing.assert_allclose(said, probs, atol=1e-3)
    np.testing.assert_allclose(said.sum(1), 1, atol=1e-6)
    assert (tmp_path / "soft.safetensors").stat().st_size < 28 * 14 + 400


def test_they_are_the_teachers_share_of_the_pictures_that_are_trained_on(
    faces: Faces, probs: np.ndarray, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file speaks of all pictures, in the data's order; those that validation holds are left out of both."""
    soft_targets.write(tmp_path / "soft.safetensors", probs, faces, "two")
    validation = faces.take(np.array([3, 0]))
    run = TrainState(replace(RECIPE, teacher=str(tmp_path / "soft.safetensors")), 0, CPU)
    pictures, _ = train.split({"train": faces, "validation": validation}, run)
    kept = np.delete(np.arange(28), [0, 3])
    plain = Pictures.of(faces.take(kept), RECIPE, CPU)
    assert torch.equal(pictures.images, plain.images)
    np.testing.assert_allclose(pictures.target, 0.4 * plain.target.numpy() + 0.6 * probs[kept], atol=1e-3)
    assert run.teacher is None, "no step asks a network"
    assert "2 training images left out" in capsys.readouterr().out


def test_a_run_stays_with_the_file_that_it_began_with(faces: Faces, probs: np.ndarray, tmp_path: Path) -> None:
    """A file with one teacher more would change its result in silence; --teacher takes it."""
    path = tmp_path / "soft.safetensors"
    splits = {"train": faces, "validation": faces.take(np.arange(7))}
    soft_targets.write(path, probs, faces, "two")
    run = TrainState(replace(RECIPE, teacher=str(path)), 0, CPU)
    run.checkpoint().write(tmp_path / "run.pt")
    train.split(splits, TrainState.resume(tmp_path / "run.pt", CPU))
    soft_targets.write(path, probs[::-1], faces, "three")
    with pytest.raises(ConfigurationError, match="not the file that the run began with: give --teacher"):
        train.split(splits, TrainState.resume(tmp_path / "run.pt", CPU))
    again = TrainState.resume(tmp_path / "run.pt", CPU, {"teacher": str(path)})
    assert again.recipe.teacher != run.recipe.teacher
    train.split(splits, again)


def test_answers_for_other_pictures_are_refused(faces: Faces, probs: np.ndarray, tmp_path: Path) -> None:
    """Also for the same ones in another order."""
    soft_targets.write(tmp_path / "soft.safetensors", probs, faces, "two")
    for others in (faces.take(np.arange(28)[::-1]), faces.take(np.arange(27))):
        with pytest.raises(ConfigurationError, match="for 28 other training pictures than those of --data"):
            soft_targets.read(str(tmp_path / "soft.safetensors"), others)


@pytest.mark.parametrize(("content", "message"), [(None, "No such file"), (b"no tensors", "is not what")])
def test_what_is_no_such_file_is_refused(faces: Faces, tmp_path: Path, content: bytes | None, message: str) -> None:
    """Before an hour is spent."""
    path = tmp_path / "soft.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=message):
        soft_targets.read(soft_targets.pinned(str(path)), faces)
