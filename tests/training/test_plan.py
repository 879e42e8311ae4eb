"""The plan: what fits into some minutes, and the command that it proposes."""

import shlex
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training import data, options, plan
from training.data import Faces
from training.plan import Cost
from training.recipes import PRESETS

TEACHER = replace(PRESETS["teacher"], epochs=10, validate_every=2)
COST = Cost(step_s=0.1, first_s=5, validation_s=2, checkpoint_s=1, answers_s=20)


def test_what_fits_pays_for_everything_that_a_run_does() -> None:
    """Ten steps an epoch, a validation and two checkpoints every second one; the first steps once, a reserve."""
    assert COST.epoch_s(TEACHER, 10) == 10 * 0.1 + (2 + 2) / 2
    assert COST.epochs(TEACHER, 10, seconds=100) == (95 - 5) // 3
    assert COST.epochs(TEACHER, 10, seconds=5) == 0


def test_teachers_share_the_time_and_answer() -> None:
    """As many as can have the recipe's epochs; where not even one can, one has what fits."""
    each = 10 * 3 + 5 + 20
    for teachers in (1, 2, 3):
        seconds = teachers * each / 0.95 + 1
        assert COST.teachers(TEACHER, 10, seconds) == teachers
        assert COST.epochs(TEACHER, 10, seconds, teachers) == 10
    assert COST.teachers(TEACHER, 10, 9999) == plan.MOST_TEACHERS
    assert COST.teachers(TEACHER, 10, 40) == 1
    assert COST.epochs(TEACHER, 10, 40, 1) == (38 - 25) // 3


def test_the_epochs_without_mixup_keep_their_share() -> None:
    """Twice the epochs, twice as many of them without."""
    recipe = PRESETS["emotion-cnn"]
    longer = plan.proposed(recipe, 2 * recipe.epochs)
    assert (longer.epochs, longer.unmixed) == (2 * recipe.epochs, 2 * recipe.unmixed)


def test_the_proposal_is_a_command_that_makes_the_recipe(
    faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what was changed of the preset; it is the last line."""
    path = tmp_path / "my faces.npz"
    data.save({"train": faces, "validation": faces.take(np.arange(7))}, path)
    asked = ("--data", path, "--preset", "emotion-lite", "--blocks", "16", "--batch", 7, "--teacher", "", "--no-amp")
    monkeypatch.setattr(sys, "argv", ["plan", *map(str, asked), "--minutes", "2", "--threads", "1", "--device", "cpu"])
    monkeypatch.setattr(plan, "TIMED_S", 0.0)
    assert plan.main() == 0
    *_, said, command = capsys.readouterr().out.splitlines()
    epochs = said.split()[-2]
    assert said.endswith(f"in 2.0 minutes {epochs} epochs")
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "training.train"]
    monkeypatch.setattr(sys, "argv", words[2:])
    arguments = options.parse(None)
    assert arguments.data == path
    assert (arguments.preset, arguments.minutes, arguments.compile) == ("emotion-lite", 2, False)
    changes = options.changes(arguments)
    assert changes.pop("unmixed") == round(int(epochs) / 4)
    assert changes == {
        "epochs": int(epochs),
        "batch": 7,
        "blocks": (16,),
        "teacher": "",
        "mixed_precision": False,
    }


def test_too_little_time_is_said(
    faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Instead of a command that would train for no epoch."""
    data.save({"train": faces, "validation": faces.take(np.arange(7))}, tmp_path / "faces.npz")
    asked = ("--data", tmp_path / "faces.npz", "--blocks", "16", "--batch", 7, "--minutes", 0.0001, "--device", "cpu")
    monkeypatch.setattr(sys, "argv", ["plan", *map(str, asked)])
    monkeypatch.setattr(plan, "TIMED_S", 0.0)
    assert plan.main() == 0
    assert "not one epoch of teacher fits: give more --minutes" in capsys.readouterr().out
