"""The training command: it learns, stops, is resumed, and says what went wrong."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from classifier.release import MODELS, load_release
from training import data, train
from training.checkpoint import Checkpoint

pytestmark = pytest.mark.usefixtures("small", "one_thread")


@pytest.fixture
def command(faces: data.Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the training command on tiny data, an epoch of three steps; gives its exit code."""
    data.save({"train": faces, "validation": faces.take(np.arange(7))}, tmp_path / "faces.npz")
    settings = ("--data", tmp_path / "faces.npz", "--out", tmp_path / "out", "--threads", "1", "--device", "cpu")
    monkeypatch.setattr(train, "stop_on_signal", lambda _: [])

    def run(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["train", *map(str, (*settings, *arguments))])
        return train.main()

    return run


def rows(tmp_path: Path) -> list[dict[str, float]]:
    """The metrics that were written."""
    return [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]


def test_the_command_trains_and_stops_on_ctrl_c(
    command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command writes checkpoints and metrics; a stop leaves a checkpoint that a resumed command ends."""
    monkeypatch.setattr(train, "stop_on_signal", lambda _: [2])
    assert command("--epochs", 2, "--batch", 7) == 0
    last = tmp_path / "out" / "last.pt"
    assert Checkpoint.read(last).step == 0
    monkeypatch.setattr(train, "stop_on_signal", lambda _: [])
    assert command("--resume", last) == 0
    assert [row["step"] for row in rows(tmp_path)] == [3, 6]
    assert Checkpoint.read(last).step == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--preset", "emotion-net", "--blocks", "96,a"), "96,a: expected comma-separated numbers from 1 to 2048"),
        (("--preset", "emotion-net", "--blocks", "96,0"), "96,0: expected comma-separated numbers from 1 to 2048"),
        (("--mixup", "-0.1"), "-0.1: expected a number from 0"),
        (("--batch", "1"), "1: expected a whole number from 2"),
        (("--epochs", "0"), "0: expected a whole number from 1"),
        (("--epochs", "many"), "invalid whole number value: 'many'"),
        (("--resume", "last.pt", "--start", "emotion-net"), "--start cannot be combined"),
        (("--resume", "last.pt", "--seed", "4"), "--seed cannot be combined"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    command: Callable[..., int], arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, before any data is read."""
    with pytest.raises(SystemExit) as ended:
        command(*arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_the_command_begins_with_a_release_and_more_blocks(command: Callable[..., int], tmp_path: Path) -> None:
    """The recipe in the checkpoint says so."""
    blocks = "96,96,96,192,192,192,384"
    assert command("--preset", "emotion-net", "--blocks", blocks, "--epochs", 1, "--batch", 7) == 0
    saved = Checkpoint.read(tmp_path / "out" / "last.pt")
    version = load_release("emotion-net", MODELS).config.weights_version
    assert saved.recipe.start == saved.recipe.teacher == f"emotion-net@{version}"
    assert saved.recipe.blocks == (96, 96, 96, 192, 192, 192, 384)


def test_a_checkpoint_of_another_architecture_is_refused(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever asks for one network is not given the training of another."""
    assert command("--epochs", 1, "--batch", 7) == 0
    last = tmp_path / "out" / "last.pt"
    assert command("--preset", "emotion-net", "--resume", last) == 2
    assert "last.pt holds emotion-cnn, not emotion-net" in capsys.readouterr().err
    assert command("--preset", "original", "--resume", last) == 0, "the same network"


def test_a_release_of_another_preset_is_no_start(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names the option that helps."""
    assert command("--preset", "emotion-cnn", "--start", "emotion-net") == 2
    assert "--preset makes emotion-cnn" in capsys.readouterr().err


def test_the_command_stops_early_and_stays_stopped(
    command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With patience the run ends when accuracy does not rise; resuming without more patience trains no further."""
    monkeypatch.setattr(train, "validate", lambda *_: {"accuracy": 0.5, "macro_f1": 0.5, "nll": 1.0})
    assert command("--epochs", 9, "--batch", 7, "--patience", 2) == 0
    assert "stopped after 2 epochs without a better validation accuracy than 0.5" in capsys.readouterr().out
    assert command("--resume", tmp_path / "out" / "last.pt") == 0
    assert len(rows(tmp_path)) == 3


def test_a_loss_that_is_no_number_keeps_the_last_good_checkpoint(
    command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command says at which step and leaves the checkpoints of the epoch before."""
    honest = torch.nn.functional.cross_entropy
    calls = iter(range(99))
    poison = lambda *arguments: honest(*arguments) * (float("nan") if next(calls) == 4 else 1)  # noqa: E731
    monkeypatch.setattr(torch.nn.functional, "cross_entropy", poison)
    assert command("--epochs", 9, "--batch", 7) == 1
    assert "the loss became nan at step 4" in capsys.readouterr().err
    assert Checkpoint.read(tmp_path / "out" / "last.pt").step == 3


def test_a_best_one_that_does_not_fit_is_not_remembered_as_saved(
    command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The epoch is done again when there is room, and its weights are kept then."""
    accuracies = iter([0.3, 0.6, 0.6])
    monkeypatch.setattr(train, "validate", lambda *_: {"accuracy": next(accuracies), "macro_f1": 0.5, "nll": 1.0})
    assert command("--epochs", 1, "--batch", 7) == 0
    save, last, best = torch.save, tmp_path / "out" / "last.pt", tmp_path / "out" / "best.pt"

    def full(state: object, path: Path) -> None:
        if path.name.startswith("best."):
            raise RuntimeError("PytorchStreamWriter failed writing file")
        save(state, path)

    monkeypatch.setattr(torch, "save", full)
    assert command("--resume", last, "--epochs", 2) == 1
    monkeypatch.setattr(torch, "save", save)
    assert command("--resume", last, "--epochs", 2) == 0
    assert Checkpoint.read(best).best == Checkpoint.read(last).best == 0.6
    assert [row["epoch"] for row in rows(tmp_path)] == [1, 2]


def test_checkpoints_are_also_written_between_validations(
    command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed run of long epochs loses the last minute alone; what is left goes on from the middle of an epoch."""
    save, written = Checkpoint.write, list[tuple[str, int]]()

    def noted(self: Checkpoint, path: Path) -> None:
        written.append((path.stem, self.step))
        save(self, path)

    monkeypatch.setattr(Checkpoint, "write", noted)
    assert command("--epochs", 1, "--batch", 7, "--checkpoint-seconds", 0) == 0
    assert written == [("last", 1), ("last", 2), ("last", 3), ("best", 3), ("last", 3)]
    written.clear()
    assert command("--epochs", 2, "--resume", tmp_path / "out" / "last.pt") == 0
    assert [step for name, step in written if name == "last"] == [6]


def test_epochs_may_share_a_validation(command: Callable[..., int], tmp_path: Path) -> None:
    """Every second of five epochs and the last are validated; a row has the means of all epochs since the last one."""
    assert command("--epochs", 5, "--batch", 7, "--validate-every", 2) == 0
    assert [(row["epoch"], row["step"]) for row in rows(tmp_path)] == [(2, 6), (4, 12), (5, 15)]
    saved = Checkpoint.read(tmp_path / "out" / "last.pt")
    assert saved.recipe.validate_every == 2
    assert saved.epoch_sums == [0, 0, 0]


def test_another_runs_checkpoints_are_not_overwritten(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same command again, without --resume, would have thrown away hours."""
    assert command("--epochs", 1, "--batch", 7) == 0
    assert command("--epochs", 1, "--batch", 7) == 2
    assert "last.pt is another run's: --resume" in capsys.readouterr().err


def test_a_run_that_is_through_says_so(
    command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To go on means more epochs."""
    assert command("--epochs", 1, "--batch", 7) == 0
    assert command("--resume", tmp_path / "out" / "last.pt") == 0
    assert "all 1 epochs are done; --epochs makes them more" in capsys.readouterr().out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full to stand for a full disk")
def test_a_full_disk_ends_the_command_with_a_message(
    command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether a checkpoint or the metrics do not fit: exit code 1, and the checkpoint that was there can be read."""
    assert command("--epochs", 1, "--batch", 7) == 0
    last, (row, *_) = tmp_path / "out" / "last.pt", rows(tmp_path)
    (tmp_path / "out" / "metrics.jsonl").unlink()
    (tmp_path / "out" / "metrics.jsonl").symlink_to("/dev/full")
    assert command("--resume", last, "--epochs", 2) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert Checkpoint.read(last).step == 2 * row["step"]

    def full(*arguments: object) -> None:
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr(torch, "save", full)
    assert command("--resume", last, "--epochs", 3) == 1
    assert ".pt could not be written, the checkpoint before it is kept" in capsys.readouterr().err
    assert Checkpoint.read(last).step == 2 * row["step"]


def test_a_batch_without_enough_images_is_refused(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The message names both numbers."""
    assert command("--batch", 64) == 2
    assert "--batch 64 does not fit 21 training images" in capsys.readouterr().err


def test_metrics_go_to_tensorboard_when_asked(
    command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every number of an epoch's row, by epoch; a stand-in takes the place of TensorBoard's writer."""
    written: list[Any] = []
    stand_in = SimpleNamespace(
        add_scalar=lambda name, value, epoch: written.append((name, value, epoch)), flush=lambda: None
    )

    def writer(folder: str) -> SimpleNamespace:
        written.append(folder)
        return stand_in

    module = SimpleNamespace(SummaryWriter=writer)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    assert command("--epochs", 1, "--batch", 7, "--tensorboard", tmp_path / "board") == 0
    (row,) = rows(tmp_path)
    assert written == [str(tmp_path / "board"), *((name, value, 1) for name, value in row.items())]


def test_a_missing_tensorboard_is_said_before_training(
    command: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The message says what to install; nothing was trained."""
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert command("--tensorboard", tmp_path / "board") == 2
    assert "needs the package tensorboard" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
