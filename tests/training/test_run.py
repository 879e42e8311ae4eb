"""A training run: it learns, it can be broken and resumed, and what it leaves can be classified with."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from classifier.backends import load_classifier
from classifier.release import save_release
from shared.errors import ConfigurationError
from training import data, train
from training.evaluate import logits_and_probs
from training.export import release_of
from training.recipes import PRESETS, Recipe
from training.run import DivergedError, Run, evaluate, rate, read_checkpoint, targets

CPU = torch.device("cpu")
RECIPE = replace(PRESETS["emotion-cnn"], batch=7, epochs=2, rate=0.01, average=0.5)


@pytest.fixture(autouse=True)
def one_thread():
    """Same threads, same result."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def step(run: Run, faces: data.Faces) -> float:
    """One step on the seven pictures whose turn it is."""
    index = np.arange(7) + 7 * (run.step % 4)
    parts = (torch.from_numpy(array[index]) for array in (faces.images, faces.labels, faces.votes))
    return run.train_step(*parts, per_epoch=4)


def test_the_loss_falls(faces: data.Faces) -> None:
    """Eight steps on an easy task bring the loss well below guessing."""
    run = Run(replace(RECIPE, epochs=4, label_smoothing=0.0), 0, CPU)
    losses = [step(run, faces) for _ in range(12)]
    assert np.mean(losses[-4:]) < 0.7 * np.mean(losses[:4])


def test_a_resumed_run_ends_like_an_unbroken_one(faces: data.Faces, tmp_path: Path) -> None:
    """Weights, averages and momentum are bit-equal after being saved and resumed in mid-epoch."""
    unbroken = Run(RECIPE, 3, CPU)
    for _ in range(3):
        step(unbroken, faces)
    unbroken.save(tmp_path / "middle.pt")
    resumed = Run.resume(tmp_path / "middle.pt", CPU)
    losses = [[step(run, faces) for _ in range(3)] for run in (unbroken, resumed)]
    assert losses[0] == losses[1]
    assert unbroken.epoch_means() == resumed.epoch_means()
    for kind in ("network", "averaged"):
        unbroken.save(tmp_path / "a.pt")
        resumed.save(tmp_path / "b.pt")
        first, second = (read_checkpoint(tmp_path / name)[kind] for name in ("a.pt", "b.pt"))
        assert all(torch.equal(first[name], second[name]) for name in first)


def test_no_number_stops_the_run(faces: data.Faces) -> None:
    """A loss that is NaN is an error before it reaches the weights."""
    run = Run(RECIPE, 0, CPU)
    with torch.no_grad():
        run.network.head[4].bias.fill_(float("nan"))
    before = run.network.head[4].weight.clone()
    with pytest.raises(DivergedError, match="loss became nan at step 0"):
        step(run, faces)
    assert torch.equal(before, run.network.head[4].weight)


def test_a_checkpoint_becomes_a_release_with_the_same_logits(faces: data.Faces, tmp_path: Path) -> None:
    """The same pictures through training's evaluation and through the classifier give the same logits."""
    run = Run(replace(RECIPE, average=0.0), 0, CPU)
    for _ in range(8):
        step(run, faces)
    run.save(tmp_path / "run.pt")
    run.network.load_state_dict(run.averaged)
    expected = evaluate(run.network, faces.images, run.spec, CPU)
    save_release(release_of(read_checkpoint(tmp_path / "run.pt"), "tiny", "1"), tmp_path / "tiny")
    actual, _ = logits_and_probs(load_classifier("tiny", tmp_path, "cpu"), faces.images)
    assert np.ptp(expected, 0).max() > 0.1
    # The release's weights are float16.
    assert np.abs(actual - expected).max() < 0.01


def test_a_failed_save_leaves_the_last_checkpoint(
    faces: data.Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk while saving costs nothing that was there."""
    run = Run(RECIPE, 0, CPU)
    run.save(tmp_path / "last.pt")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    run.step = 5
    with pytest.raises(OSError, match="No space"):
        run.save(tmp_path / "last.pt")
    assert read_checkpoint(tmp_path / "last.pt")["step"] == 0


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """The message names the file."""
    path = tmp_path / "run.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"run\.pt"):
        Run.resume(path, CPU)


def test_one_cycle_rises_and_ends_at_zero() -> None:
    """The highest rate comes after the warm-up, the last is zero."""
    recipe = RECIPE
    rates = [rate(recipe, progress) for progress in np.linspace(0, 1, 101)]
    assert np.argmax(rates) == round(100 * recipe.warmup)
    assert max(rates) == pytest.approx(recipe.rate)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert rate(PRESETS["original"], 0.7) == 1e-3


def test_targets_mix_label_votes_and_smoothing() -> None:
    """Targets sum to 1; an image without votes keeps its label."""
    recipe: Recipe = replace(RECIPE, label_smoothing=0.1, vote_share=0.25)
    votes = torch.zeros(2, 7)
    votes[1, 4] = 1
    found = targets(torch.tensor([0, 0]), votes, recipe)
    assert found.sum(1).tolist() == pytest.approx([1, 1])
    assert found[0, 0].item() == pytest.approx(0.9 + 0.1 / 7)
    assert found[1, 0].item() == pytest.approx(0.75 * 0.9 + 0.1 / 7)
    assert found[1, 4].item() == pytest.approx(0.25 * 0.9 + 0.1 / 7)


def test_the_command_trains_and_stops_on_ctrl_c(
    faces: data.Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command writes checkpoints and metrics; a stop leaves a checkpoint that a resumed command ends."""
    data.save({"train": faces, "validation": faces.take(np.arange(7))}, tmp_path / "faces.npz")
    command = [
        "train",
        "--data",
        str(tmp_path / "faces.npz"),
        "--out",
        str(tmp_path),
        "--threads",
        "1",
        "--device",
        "cpu",
    ]
    monkeypatch.setattr(sys, "argv", [*command, "--epochs", "2", "--batch", "7"])
    monkeypatch.setattr(train, "_stop_on_signal", lambda: [2])
    assert train.main() == 0
    assert read_checkpoint(tmp_path / "last.pt")["step"] == 0
    monkeypatch.setattr(train, "_stop_on_signal", list)
    monkeypatch.setattr(sys, "argv", [*command, "--resume", str(tmp_path / "last.pt")])
    assert train.main() == 0
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [3, 6]
    assert read_checkpoint(tmp_path / "last.pt")["step"] == 6
