"""Checkpoints: whole or not there, and refused with a message where they are something else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from shared.errors import AffectError, ConfigurationError
from training import command, data, train
from training.checkpoint import Checkpoint, DivergedError
from training.recipes import PRESETS
from training.state import TrainState
from training.targets import Pictures

pytestmark = pytest.mark.usefixtures("small", "one_thread")

CPU = torch.device("cpu")
RECIPE = replace(PRESETS["emotion-cnn"], teacher="", tied=False, dropout=0.5, mixup=0.0, unmixed=0)


def test_weights_that_are_no_numbers_are_not_saved(tmp_path: Path) -> None:
    """A step may break the weights and only the next one's loss tell; the checkpoint before stays."""
    run = TrainState(RECIPE, 0, CPU)
    run.checkpoint().write(tmp_path / "run.pt")
    with torch.no_grad():
        run.network.head[4].weight[0, 0] = float("inf")
    with pytest.raises(DivergedError, match=r"weights at step 0 are not finite; .*run\.pt is as it was"):
        run.checkpoint().write(tmp_path / "run.pt")
    assert TrainState.resume(tmp_path / "run.pt", CPU).network.head[4].weight.isfinite().all()


def test_a_loss_that_no_step_looked_at_is_found_when_the_means_are_read() -> None:
    """On an accelerator a step does not wait for its loss; the progress bar, and a checkpoint, find it."""
    run = TrainState(RECIPE, 0, CPU)
    run.step_done(torch.tensor(1.0), torch.tensor(3), 7)
    assert run.epoch_means() == {"train_loss": 1, "train_accuracy": pytest.approx(3 / 7)}
    run.step_done(torch.tensor(float("inf")), torch.tensor(3), 7)
    with pytest.raises(DivergedError, match="loss became inf before step 2"):
        run.epoch_means()


def test_a_failed_save_leaves_the_last_checkpoint(
    faces: data.Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk while saving costs nothing that was there."""
    run = TrainState(RECIPE, 0, CPU)
    run.checkpoint().write(tmp_path / "last.pt")

    def full(state: object, part: Path) -> None:
        part.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    run.step = 5
    with pytest.raises(
        AffectError, match=r"last\.pt could not be written, the checkpoint before it is kept: .*No space"
    ):
        run.checkpoint().write(tmp_path / "last.pt")
    assert Checkpoint.read(tmp_path / "last.pt").step == 0
    assert [path.name for path in tmp_path.iterdir()] == ["last.pt"]


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """The message names the file."""
    path = tmp_path / "run.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"run\.pt"):
        TrainState.resume(path, CPU)


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    """Unknown names and tensors of other shapes are said, not shown as a traceback."""
    TrainState(RECIPE, 0, CPU).checkpoint().write(tmp_path / "run.pt")
    saved = torch.load(tmp_path / "run.pt", weights_only=True)
    torch.save(saved | {"recipe": saved["recipe"] | {"architecture": "resnet"}}, tmp_path / "run.pt")
    with pytest.raises(ConfigurationError, match=r"architecture 'resnet'; known: emotion-cnn, emotion-net"):
        TrainState.resume(tmp_path / "run.pt", CPU)
    torch.save(saved | {"recipe": saved["recipe"] | {"architecture": "emotion-net"}}, tmp_path / "run.pt")
    with pytest.raises(ConfigurationError, match=r"run\.pt holds another network"):
        TrainState.resume(tmp_path / "run.pt", CPU)
    torch.save(saved | {"recipe": saved["recipe"] | {"of_tomorrow": 1}}, tmp_path / "run.pt")
    with pytest.raises(ConfigurationError, match="another version"):
        TrainState.resume(tmp_path / "run.pt", CPU)


def write_pickle(path: Path) -> None:
    """A whole module, as many scripts save it; to load it would run code."""
    torch.save(torch.nn.Linear(2, 2), path)


def write_state(path: Path) -> None:
    """The weights alone."""
    torch.save({"conv.weight": torch.zeros(2)}, path)


@pytest.mark.parametrize(
    ("write", "found"),
    [
        (write_pickle, "found a file that is damaged, or of another program"),
        (lambda path: path.write_text("words\nand words"), "found a file that is damaged, or of another program"),
        (lambda path: path.touch(), "found a file that is damaged, or of another program"),
        (write_state, "found only conv.weight"),
        (lambda path: torch.save(torch.zeros(2), path), "found "),
        (Path.mkdir, "is a folder"),
    ],
    ids=["a module", "text", "nothing", "weights", "a tensor", "a folder"],
)
@pytest.mark.parametrize("suffix", ["pt", "safetensors"])
def test_what_is_no_checkpoint_is_refused_in_a_line(
    tmp_path: Path, write: Callable[[Path], None], found: str, suffix: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What torch says is not passed on: it advises to run whatever code may be in the file."""
    path = tmp_path / f"run.{suffix}"
    write(path)
    assert command.run("training.export", lambda: Checkpoint.read(path).step) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert str(path) in said
    assert found in said or suffix == "safetensors"
    assert "weights_only" not in said


def test_a_checkpoint_from_before_an_option_is_resumed(tmp_path: Path) -> None:
    """Recipes and runs without the newer fields get their defaults."""
    TrainState(RECIPE, 0, CPU).checkpoint().write(tmp_path / "run.pt")
    saved = torch.load(tmp_path / "run.pt", weights_only=True)
    for name in ("mixup", "unmixed", "class_weights", "mixed_precision", "patience"):
        del saved["recipe"][name]
    del saved["waited"]
    torch.save(saved, tmp_path / "run.pt")
    assert TrainState.resume(tmp_path / "run.pt", CPU).recipe == RECIPE


@pytest.mark.parametrize("tied", [True, False])
def test_the_weights_alone_become_the_same_release(faces: data.Faces, tmp_path: Path, tied: bool) -> None:
    """A quarter of a tied layer is enough to restore it; no run can go on from what is left."""
    recipe = replace(PRESETS["emotion-cnn"], teacher="", tied=tied, batch=7, average=0.5)
    run = TrainState(recipe, 0, CPU)
    seven = Pictures.of(faces.take(np.arange(7)), recipe, CPU)
    for _ in range(5):
        train.step(run, seven.images, seven.labels, seven.target, 4)
    run.checkpoint().write(tmp_path / "best.pt")
    Checkpoint.read(tmp_path / "best.pt").write_released(tmp_path / "best.safetensors")
    whole, slim = (Checkpoint.read(tmp_path / name) for name in ("best.pt", "best.safetensors"))
    assert (slim.recipe, slim.seed, slim.step, slim.best) == (whole.recipe, whole.seed, whole.step, whole.best)
    wanted = {name: value.half().float() for name, value in whole.averaged.items() if value.is_floating_point()}
    assert slim.averaged.keys() == wanted.keys()
    assert all(torch.equal(slim.averaged[name], value) for name, value in wanted.items())
    numbers = sum(value.numel() for value in wanted.values()) - tied * 3 * wanted["head.0.weight"].numel() // 4
    assert (tmp_path / "best.safetensors").stat().st_size < 2 * numbers + 4000
    with pytest.raises(ConfigurationError, match="weights for a release alone"):
        TrainState.resume(tmp_path / "best.safetensors", CPU)
