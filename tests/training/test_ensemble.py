"""An ensemble of teachers: what it leaves, and that it goes on where it was stopped."""

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from torch import Tensor, nn

from classifier.architectures import ARCHITECTURES
from classifier.backends import softmax
from training import data, ensemble, soft_targets
from training.checkpoint import Checkpoint
from training.data import Faces

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = ("--blocks", "16", "--batch", 7, "--epochs", 2, "--unmixed", 0, "--validate-every", 1, "--no-amp")
LAST = 6
"""Steps of such a teacher."""


class After(list[int]):
    """Signals that come when a file is there."""

    def __init__(self, path: Path):
        self.path = path

    def __bool__(self) -> bool:
        return self.path.exists()


@pytest.fixture
def splits(faces: Faces) -> dict[str, Faces]:
    """21 of the 28 pictures are trained on: an epoch of three steps."""
    return {"train": faces, "validation": faces.take(np.arange(7))}


@pytest.fixture
def command(splits: dict[str, Faces], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command with teachers of one small block; gives its exit code."""
    data.save(splits, tmp_path / "faces.npz")
    settings = ("--data", tmp_path / "faces.npz", "--out", tmp_path / "out", "--threads", "1", "--device", "cpu")

    def run(*arguments: object, stop: list[int] | None = None) -> int:
        monkeypatch.setattr(ensemble, "stop_on_signal", lambda _: [] if stop is None else stop)
        monkeypatch.setattr(sys, "argv", ["ensemble", *map(str, (*settings, *SMALL, *arguments))])
        return ensemble.main()

    return run


def test_an_ensemble_goes_on_where_it_stopped(command: Callable[..., int], tmp_path: Path) -> None:
    """It ends like an unbroken one; who is through is not trained again, and teachers differ in their seed."""
    out, unbroken = tmp_path / "out", tmp_path / "unbroken"

    def ends() -> list[Checkpoint]:
        return [Checkpoint.read(path) for path in sorted(out.glob("teacher-*/last.pt"))]

    assert command("--teachers", 2, stop=After(out / "teacher-1" / "metrics.jsonl")) == 0
    assert [(end.seed, end.step) for end in ends()] == [(0, LAST), (1, 3)]
    held, whole = (out / "soft-targets.safetensors").read_bytes(), (out / "teacher-0" / "last.pt").stat()
    assert command("--teachers", 2) == 0
    assert [end.step for end in ends()] == [LAST, LAST]
    assert (out / "teacher-0" / "last.pt").stat() == whole
    resumed = (out / "soft-targets.safetensors").read_bytes()
    assert resumed != held
    assert command("--teachers", 2, "--out", unbroken) == 0
    assert (unbroken / "soft-targets.safetensors").read_bytes() == resumed


def test_half_a_teacher_is_better_than_none(command: Callable[..., int], tmp_path: Path) -> None:
    """When time is up before the first one is through, its best epoch so far answers."""
    out = tmp_path / "out"
    assert command("--teachers", 2, stop=After(out / "teacher-0" / "metrics.jsonl")) == 0
    (row,) = json.loads((out / "ensemble.json").read_text())["teachers"]
    assert row["teacher"] == "teacher-0"
    assert Checkpoint.read(out / "teacher-0" / "last.pt").step == 3
    assert (out / "soft-targets.safetensors").exists()
    assert command("--teachers", 1) == 0
    assert Checkpoint.read(out / "teacher-0" / "last.pt").step == LAST


def test_the_mean_of_the_answers_is_kept(tmp_path: Path, faces: Faces, splits: dict[str, Faces]) -> None:
    """For all training pictures, those of validation included; the report says how good each one and all are."""
    rng = np.random.default_rng(0)
    folders = [tmp_path / "teacher-0", tmp_path / "teacher-1"]
    answers = [{name: rng.dirichlet(np.ones(7), len(part)) for name, part in splits.items()} for _ in folders]
    for folder, one in zip(folders, answers, strict=True):
        folder.mkdir()
        save_file(one, folder / "answers.safetensors", metadata={"accuracy": "0.25"})
    ensemble.store(tmp_path, folders, splits)
    train, validation = ((answers[0][name] + answers[1][name]) / 2 for name in splits)
    np.testing.assert_allclose(soft_targets.read(str(tmp_path / "soft-targets.safetensors"), faces), train, atol=1e-3)

    def right(probs: np.ndarray) -> Any:
        return pytest.approx((probs.argmax(1) == faces.labels[: len(probs)]).mean())

    said = json.loads((tmp_path / "ensemble.json").read_text())
    assert said["teachers"] == [
        {"teacher": folder.name, "accuracy": 0.25, "ten_crop_accuracy": right(one["validation"])}
        for folder, one in zip(folders, answers, strict=True)
    ]
    assert said["ensemble"]["accuracy"] == right(validation)
    assert said["agrees_with_training_labels"] == right(train)


def test_each_picture_gets_its_own_answer() -> None:
    """In their order, also over the end of a batch; probabilities, whose mean over the crops is taken."""

    class Brightness(nn.Module):
        """Whose first logit is a picture's mean."""

        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.pad(x.mean((2, 3)), (0, 6))

    greys = np.random.default_rng(0).integers(0, 256, 100).astype(np.uint8)
    images = np.broadcast_to(greys[:, None, None], (100, 48, 48)).copy()
    spec = ARCHITECTURES["emotion-net"].input
    state = SimpleNamespace(
        released=Brightness(), input=spec, device=torch.device("cpu"), autocast=lambda: nullcontext()
    )
    logits = np.pad((greys / 255 - 0.5)[:, None] / 0.5, ((0, 0), (0, 6)))
    np.testing.assert_allclose(ensemble.ten_crop_probs(cast(Any, state), images), softmax(logits), atol=1e-5)


def test_ten_crops_are_corners_middle_and_their_mirror_images() -> None:
    """Each shows 44 of 48 pixels, enlarged to what the network takes."""
    rows = torch.arange(48.0).expand(1, 1, 48, 48)
    views = ensemble._ten_crops(rows, 44)
    assert [int(view[0, 0, 0, 0]) for view in views[::2]] == [0, 4, 0, 4, 2]
    assert [int(view[0, 0, 0, 0]) for view in views[1::2]] == [43, 47, 43, 47, 45]
    tall = ensemble._ten_crops(rows.mT, 44)
    assert [int(view[0, 0, 0, 0]) for view in tall[::2]] == [0, 0, 4, 4, 2]
    assert ensemble._ten_crops(rows, 224)[0].shape == (1, 1, 224, 224)
