"""Releases: everything in them was measured, and the pipeline's crop is what the view was fitted on."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import cast
from unittest.mock import Mock

import cv2
import numpy as np
import pytest
import torch

from classifier.architectures import ARCHITECTURES
from classifier.backends import Classifier
from classifier.release import MODELS, load_release
from detector.mtcnn import Detections, Detector
from training import card, evaluate, export, figures, view
from training.data import Faces, save
from training.metrics import report
from training.recipes import PRESETS, changed
from training.state import TrainState


@pytest.mark.usefixtures("small")
def test_a_release_is_complete_and_its_card_is_what_evaluation_says(
    faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The card's accuracy is the one `training.evaluate --json` prints for the release."""
    faces = faces.take(np.arange(7))
    TrainState(PRESETS["emotion-cnn"], 0, torch.device("cpu")).checkpoint().write(tmp_path / "run.pt")
    crops = [cv2.resize(image, (80, 80)) for image in faces.images]
    found = view.Found(np.arange(len(faces)), faces.labels, crops)
    monkeypatch.setattr(view, "find", lambda *arguments: found)
    monkeypatch.setattr(view, "VIEWS", (0.89, 0.93))
    monkeypatch.setattr(view, "OFFSETS", (0.0, 0.03))
    monkeypatch.setattr(export, "SIDES", (48, 16))
    monkeypatch.setattr(figures, "MISTAKES", 3)
    save({"train": faces, "validation": faces}, tmp_path / "faces.npz")
    models = ("--models-dir", tmp_path, "--threads", 1)
    name, data = ("--name", "tiny", "--version", 2, "--note", "A note."), ("--data", tmp_path / "faces.npz")
    monkeypatch.setattr("sys.argv", ["export", *map(str, (tmp_path / "run.pt", *name, *data, *models))])
    assert export.main() == 0
    card = (tmp_path / "tiny" / "README.md").read_text()
    assert card in capsys.readouterr().out

    config = load_release("tiny", tmp_path).config
    assert (config.name, config.version) == ("tiny", "2")
    assert config.input.view in view.VIEWS
    assert config.input.view_dy in view.OFFSETS
    where = ("--device", "cpu", "--out", tmp_path / "report")
    monkeypatch.setattr("sys.argv", ["evaluate", *map(str, ("tiny", data[1], "--json", *where, *models))])
    assert evaluate.main() == 0
    scores = json.loads(capsys.readouterr().out)
    assert set(scores) == {"accuracy", "macro_f1", "ece", "nll", "per_class", "confusion", "n"}
    assert (
        f"| {scores['accuracy']:.2%} | {scores['macro_f1']:.3f} | {scores['ece']:.3f} | {scores['nll']:.3f} |" in card
    )
    assert "A note." in card
    assert "python -m training.train --preset emotion-cnn\n" in card
    assert "FER-2013" not in card  # which it was neither trained nor measured on
    assert "| blocks |" not in card
    assert "blocks" not in (tmp_path / "tiny" / "config.json").read_text()
    pictures = {path.name for path in (tmp_path / "report").glob("*.png")}
    assert pictures == {"confusion.png", "calibration.png", "mistakes.png"}


@pytest.mark.usefixtures("small")
def test_without_faces_nothing_is_released(
    faces: Faces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the detector finds too few, the view cannot be fitted, and the release that was there stays."""
    TrainState(PRESETS["emotion-cnn"], 0, torch.device("cpu")).checkpoint().write(tmp_path / "run.pt")
    save({"train": faces, "validation": faces}, tmp_path / "faces.npz")
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "config.json").write_text("as it was")
    monkeypatch.setattr(view, "find", lambda *_: view.Found(np.arange(6), faces.labels[:6], list(faces.images[:6])))
    arguments = (tmp_path / "run.pt", "--name", "tiny", "--data", tmp_path / "faces.npz", "--models-dir", tmp_path)
    monkeypatch.setattr("sys.argv", ["export", *map(str, arguments)])
    assert export.main() == 2
    assert "finds a face in 6 of 28 validation images" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "tiny").iterdir()] == ["config.json"]
    assert (tmp_path / "tiny" / "config.json").read_text() == "as it was"


def test_a_release_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """A disk that fills between weights and card leaves the release that was there, and nothing beside it."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text("as it was")

    def fill_the_disk() -> None:
        with export._replacing(folder) as fresh:
            fresh.mkdir()
            (fresh / "config.json").write_text("new")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fill_the_disk()
    assert (folder / "config.json").read_text() == "as it was"
    with export._replacing(folder) as fresh:
        fresh.mkdir()
        (fresh / "card").write_text("new")
    assert [path.name for path in folder.iterdir()] == ["card"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_release_that_cannot_take_its_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two renames neither is there; what was moved aside comes back, also after a crash there."""
    folder, rename = tmp_path / "tiny", Path.rename
    folder.mkdir()

    def refused(path: Path, target: Path) -> Path:
        if path.name == ".tiny.new":
            raise OSError("refused")
        return rename(path, target)

    def replace_it() -> None:
        with export._replacing(folder) as fresh:
            fresh.mkdir()

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(OSError, match="refused"):
        replace_it()
    assert list(tmp_path.iterdir()) == [folder]
    rename(folder, tmp_path / ".tiny.old")
    with pytest.raises(OSError, match="refused"):
        replace_it()
    assert list(tmp_path.iterdir()) == [folder]


def test_the_card_says_the_command_that_makes_the_recipe() -> None:
    """What differs from the preset, as options."""
    recipe = replace(PRESETS["emotion-net"], epochs=27, start="", teacher="my-net", mixed_precision=False)
    said = card.options(changed(recipe, {"degrees": 7.0}))
    assert said == [
        *("--preset", "emotion-net", "--epochs", "27", "--start", "''", "--teacher", "my-net"),
        *("--no-amp", "--degrees", "7.0"),
    ]


@pytest.mark.parametrize("name", ["emotion-cnn", "emotion-lite", "emotion-net"])
def test_each_release_was_made_by_its_preset(name: str) -> None:
    """Its card has the preset's settings and command, but for the versions of the models that went into it."""
    text = (MODELS / name / "README.md").read_text()
    said = {"validate every": "1", "degrade": "0.0"}  # a card may be older than these settings
    said |= dict(re.findall(r"^\| ([a-z ]+) \| (.*?) ?\|$", text, re.M))
    wanted = {setting.replace("_", " "): str(value) for setting, value in card._flat(asdict(PRESETS[name]))}
    if name == "emotion-cnn":
        del wanted["blocks"]
    for row in (said, wanted):
        row |= {setting: re.sub(r"[-@]\d+$", "", row[setting]) for setting in ("start", "teacher")}
    assert {setting: said[setting] for setting in wanted} == wanted
    assert f"    python -m training.train --preset {name}\n" in text


def test_the_card_names_the_preset_that_was_run() -> None:
    """Two presets train EmotionCNN, and most of what tells them apart has no option."""
    assert card.options(PRESETS["original"]) == ["--preset", "original"]
    assert card.options(replace(PRESETS["emotion-cnn"], epochs=9), seed=3) == [
        *("--preset", "emotion-cnn", "--seed=3", "--epochs", "9")
    ]


def test_view_and_offset_are_fitted_together(faces: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best view depends on the offset: each fitted once, the view would stay 0.93."""
    monkeypatch.setattr(view, "_loss", lambda _, __, side, dy: (side - 0.93 - dy) ** 2 / 10 + (dy - 0.09) ** 2)
    assert view.fit(Mock(), Mock()) == (1.01, 0.09)


class PictureDetector:
    """Stands in for MTCNN: the box is 1/0.93 lower than the picture, as MTCNN's boxes are on FER-2013."""

    def __init__(self, confidence: float):
        self.confidence = confidence

    def detect(self, frame: np.ndarray) -> Detections:
        """A box around the frame's middle."""
        middle, half = frame.shape[0] / 2, view.ENLARGED / 0.93 / 2
        box = np.array([[middle - half, middle - half, middle + half, middle + half]], np.float32)
        return Detections(box, np.array([self.confidence], np.float32), np.zeros((1, 5, 2), np.float32))


def test_the_fitted_view_is_the_picture_that_was_enlarged(faces: Faces) -> None:
    """Of a crop through detector and `square_crop`, a view of 0.93 box heights is the data set's picture again."""
    crops = dict(view._crops(faces.images, cast(Detector, PictureDetector(0.95))))
    assert list(crops) == list(range(len(faces)))
    inputs: list[np.ndarray] = []

    def keep(batch: np.ndarray) -> np.ndarray:
        inputs.extend(batch)
        return np.zeros((len(batch), 7), np.float32)

    recorder = Classifier("recorder", "cpu", ARCHITECTURES["emotion-cnn"].input, 1.0, keep)
    recorder.classify([crops[0]])
    recorder.classify([faces.images[0]], whole=True)
    assert np.corrcoef(inputs[0].ravel(), inputs[1].ravel())[0, 1] > 0.97


def test_an_unsure_face_is_not_fitted_on(faces: Faces) -> None:
    """What the pipeline would not classify does not count."""
    assert list(view._crops(faces.images, cast(Detector, PictureDetector(0.5)))) == []


def test_the_report_of_a_perfect_answer_is_perfect(faces: Faces) -> None:
    """All scores at their best."""
    scores = report(np.eye(7)[faces.labels], faces.labels)
    assert (scores["accuracy"], scores["macro_f1"], scores["ece"]) == (1, 1, 0)
