"""Single pictures: what is printed, what is refused."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from classifier.architectures import ARCHITECTURES
from classifier.backends import Classifier
from detector.mtcnn import Detections
from shared.messages import EMOTIONS
from training import command, predict

HAPPY, ANGRY = 2 * np.eye(7, dtype=np.float32)[[3, 0]]


def by_brightness(batch: np.ndarray) -> np.ndarray:
    """A network that calls bright pictures happy and dark ones angry."""
    bright = batch.mean((1, 2, 3)) > 0
    return np.where(bright[:, None], HAPPY, ANGRY)  # type: ignore[no-any-return]


class TwoFaces:
    """Stands in for MTCNN: a bright face on the left, a dark one on the right, and an unsure one."""

    def detect(self, frame: np.ndarray) -> Detections:
        """Three boxes."""
        xyxy = np.array([[20, 20, 60, 60], [140, 20, 180, 60], [80, 20, 120, 60]], np.float32)
        return Detections(xyxy, np.array([0.99, 0.95, 0.6], np.float32), np.zeros((3, 5, 2), np.float32), dropped=9)


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """No release and no MTCNN."""
    spec = replace(ARCHITECTURES["emotion-cnn"].input, spread=None)  # it would make all even pictures alike
    classifier = Classifier("stand-in", "cpu", spec, 1.0, by_brightness)
    monkeypatch.setattr(command, "load_classifier", lambda *arguments: classifier)
    monkeypatch.setattr(predict, "pipeline_detector", lambda *arguments: TwoFaces())


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """The command's exit code."""
    monkeypatch.setattr(sys, "argv", ["predict", *map(str, arguments)])
    return predict.main()


def picture(path: Path, left: int = 255, right: int = 0) -> Path:
    """A picture of 200x80, its halves of one grey each."""
    image = np.full((80, 200, 3), left, np.uint8)
    image[:, 100:] = right
    cv2.imwrite(str(path), image)
    return path


def test_a_crop_is_answered_as_a_table(tmp_path, monkeypatch, capsys) -> None:
    """A line per picture ends in its label, under the labels' names."""
    files = picture(tmp_path / "bright.png", 255, 255), picture(tmp_path / "dark.png", 0, 0)
    assert run(monkeypatch, *files) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split() == ["face", *EMOTIONS]
    assert first.split()[-1] == "happy"
    assert second.split()[-1] == "angry"


def test_every_sure_face_of_a_photo_is_answered(tmp_path, monkeypatch, capsys) -> None:
    """With --detect each face has its own box and probabilities that sum to 1; unsure boxes are left out."""
    file = picture(tmp_path / "photo.png")
    assert run(monkeypatch, file, "--detect", "--json") == 0
    printed = capsys.readouterr()
    assert printed.err == "training.predict: 9 more faces are left out, 3 are the most\n"
    (answer,) = json.loads(printed.out)
    assert answer["image"] == str(file)
    assert [face["label"] for face in answer["faces"]] == ["happy", "angry"]
    assert answer["faces"][1]["xyxy"] == [140, 20, 180, 60]
    for face in answer["faces"]:
        assert list(face["probs"]) == list(EMOTIONS)
        assert sum(face["probs"].values()) == pytest.approx(1, abs=1e-3)


def test_a_photo_without_faces_is_said_to_have_none(tmp_path, monkeypatch, capsys) -> None:
    """No face is an answer, not a fault."""
    boxes, confidence, landmarks = (np.zeros((0, *shape)) for shape in ((4,), (), (5, 2)))
    monkeypatch.setattr(TwoFaces, "detect", lambda *_: Detections(boxes, confidence, landmarks))
    assert run(monkeypatch, picture(tmp_path / "empty.png"), "--detect") == 0
    assert "no face found" in capsys.readouterr().out


def test_bad_files_get_a_line_each_and_the_rest_is_answered(tmp_path, monkeypatch, capsys) -> None:
    """Missing, empty and foreign files are named; one good picture suffices."""
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no picture")
    bad = [tmp_path / name for name in ("missing.png", "empty.png", "text.png")]
    assert run(monkeypatch, *bad, picture(tmp_path / "good.png")) == 0
    said = capsys.readouterr()
    assert all(
        line.startswith(f"training.predict: {path}: ") for line, path in zip(said.err.splitlines(), bad, strict=True)
    )
    assert "good.png" in said.out


def test_nothing_readable_is_exit_code_2(tmp_path, monkeypatch, capsys) -> None:
    """A script sees that no picture was answered; --json still prints a list."""
    assert run(monkeypatch, tmp_path / "missing.png", "--json") == 2
    assert json.loads(capsys.readouterr().out) == []
