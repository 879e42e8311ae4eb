"""Single pictures: what is printed, what is refused."""

import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

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
    monkeypatch.setattr(predict, "pipeline_detector", lambda *arguments, **settings: TwoFaces())


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
    assert printed.err.splitlines() == [
        f"training.predict: {file}: faces left out beyond --max-faces 256: 9",
        f"training.predict: {file}: faces left out below --confidence 0.8: 1",
    ]
    (answer,) = json.loads(printed.out)
    assert answer["image"] == str(file)
    assert answer["left_out"] == 9
    assert [face["label"] for face in answer["faces"]] == ["happy", "angry"]
    assert answer["faces"][1]["xyxy"] == [140, 20, 180, 60]
    for face in answer["faces"]:
        assert list(face["probs"]) == list(EMOTIONS)
        assert sum(face["probs"].values()) == pytest.approx(1, abs=1e-3)


def test_thresholds_and_limits_are_options(tmp_path, monkeypatch, capsys) -> None:
    """The least confidence is the answer's, the others go to the detector."""
    given: dict[str, Any] = {}
    monkeypatch.setattr(predict, "pipeline_detector", lambda *_, **settings: given.update(settings) or TwoFaces())
    limits = ("--confidence", 0.5, "--thresholds", "0.5,0.6,0.4", "--max-faces", 3)
    assert run(monkeypatch, picture(tmp_path / "photo.png"), "--detect", "--json", *limits) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert len(answer["faces"]) == 3
    assert given == {"detect_thresholds": (0.5, 0.6, 0.4), "max_faces": 3}
    assert run(monkeypatch, picture(tmp_path / "photo.png"), "--max-pixels", 15_999) == 2
    said = capsys.readouterr().err
    assert "200x80 = 16000 pixels are more than the limit of 15999; scale it down or raise --max-pixels\n" in said


def test_pictures_are_read_as_the_pipeline_reads_them(tmp_path, monkeypatch, capsys) -> None:
    """Alpha is laid on black, and what is left of a damaged file is answered with a warning."""
    Image.new("RGBA", (80, 80), (255, 255, 255, 0)).save(tmp_path / "alpha.png")
    noise = np.random.default_rng(0).integers(200, 256, (80, 80), np.uint8)
    Image.fromarray(noise).save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:-200])
    assert run(monkeypatch, tmp_path / "alpha.png", tmp_path / "cut.jpg", "--json") == 0
    said = capsys.readouterr()
    assert [row["faces"][0]["label"] for row in json.loads(said.out)] == ["angry", "happy"]
    assert said.err.count("\n") == 1
    assert "cut.jpg: is a damaged image" in said.err


def test_a_face_that_cannot_be_read_gets_a_reason(tmp_path, monkeypatch, capsys) -> None:
    """In words in the table, beside its quality in JSON."""
    monkeypatch.setattr(Classifier, "reason", lambda _, quality: "too small" if quality.size < 50 else None)
    file = picture(tmp_path / "photo.png")
    assert run(monkeypatch, file, "--detect") == 0
    assert capsys.readouterr().out.count("cannot be read: too small at ") == 2
    assert run(monkeypatch, file, "--detect", "--json") == 0
    face = json.loads(capsys.readouterr().out)[0]["faces"][0]
    assert (face["label"], face["reason"], face["quality"]["size"]) == (None, "too small", 40)


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
