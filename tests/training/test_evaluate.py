"""Measuring a model on pictures of which some classes have none."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from classifier.architectures import ARCHITECTURES
from classifier.backends import Classifier
from tests.training.made_sets import class_folders
from training import command, evaluate


def always_happy(batch: np.ndarray) -> np.ndarray:
    """Logits of a network that has one answer."""
    return np.tile(np.eye(7, dtype=np.float32)[3], (len(batch), 1))


@pytest.mark.parametrize("json_option", [[], ["--json"]], ids=["table", "json"])
def test_a_class_may_be_missing(
    json_option: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is named, and does not count in macro-F1: with happy and sad alone this is the mean of 2/3 and 0."""
    faces = class_folders(tmp_path / "faces")
    for label in ("angry", "disgust", "fear", "neutral", "surprise"):
        shutil.rmtree(faces / "validation" / label)
    classifier = Classifier("stand-in", "cpu", ARCHITECTURES["emotion-net"].input, 1.0, always_happy)
    monkeypatch.setattr(command, "load_classifier", lambda *arguments: classifier)
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", ["evaluate", "stand-in", str(faces), "--out", str(out), *json_option])
    assert evaluate.main() == 0
    printed = capsys.readouterr()
    assert "no images of angry, disgust, fear, neutral, surprise; macro-F1 covers the other classes" in printed.err
    scores = json.loads((out / "report.json").read_text())
    assert scores["macro_f1"] == pytest.approx(1 / 3)
    assert (json.loads(printed.out) == scores) if json_option else ("2 images\n" in printed.out)
    assert {path.name for path in out.glob("*.png")} == {"confusion.png", "calibration.png", "mistakes.png"}
