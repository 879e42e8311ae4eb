"""The page about a data set: what it says is counted, and every step is shown."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training import explore
from training.augment import Augmentation
from training.data import Faces, save


@pytest.fixture
def splits(faces: Faces) -> dict[str, Faces]:
    """A training split with two extra copies of its first image under another label, and a blank one."""
    again = faces.take(np.array([0, 0, 1]))
    again.labels[:2] = 5
    again.images[2] = 9
    parts = {name: np.concatenate([value, vars(again)[name]]) for name, value in vars(faces).items()}
    return {"train": replace(faces, **parts), "validation": faces.take(np.arange(7, 14))}


def command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The command's exit code."""
    monkeypatch.setattr(sys, "argv", ["explore", *map(str, arguments)])
    return explore.main()


def test_the_page_shows_every_section(splits: dict[str, Faces], tmp_path: Path, monkeypatch) -> None:
    """Seven headings with a picture each, all inside one file, and figures that were counted."""
    monkeypatch.setattr(explore, "SAMPLES", 1)
    save(splits, tmp_path / "a&b.npz")
    assert command(monkeypatch, tmp_path / "a&b.npz", "--out", tmp_path / "report") == 0
    page = (tmp_path / "report" / "explore.html").read_text()
    assert page.count("<h2>") == page.count('src="data:image/png;base64,iVBOR') == 7
    assert "surplus copies: 9; groups with different labels: 1; validation images in train: 7" in page
    assert "1 blank images" in page
    assert "sad has 1.5 times as many images as" in page
    assert "a&amp;b.npz" in page
    assert [path.name for path in (tmp_path / "report").iterdir()] == ["explore.html"]


def test_every_step_of_the_augmentation_is_shown_alone() -> None:
    """Between none and all there is a row per step that does something."""
    steps = explore.single_steps(Augmentation(flip=0.5, degrees=10, erase=0.2))
    assert list(steps) == ["before", "flip", "degrees", "erase", "all"]
    assert steps["degrees"] == Augmentation(flip=0, degrees=10)
    assert steps["before"] == Augmentation(flip=0)


def test_missing_data_is_named(tmp_path: Path, monkeypatch, capsys) -> None:
    """A clear message and exit code 2."""
    assert command(monkeypatch, tmp_path / "absent.npz") == 2
    assert "absent.npz does not exist" in capsys.readouterr().err
