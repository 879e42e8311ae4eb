"""A release as an ONNX file: the same answers, and everything needed to use it alone."""

import json
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from classifier.architectures import ARCHITECTURES, BLOCKS
from classifier.backends import torch_network
from classifier.legibility import Legibility
from classifier.preprocess import InputSpec
from classifier.release import MODELS, Config, Release, load_release, save_release
from shared.errors import AffectError
from shared.messages import EMOTIONS
from training import export, onnx

onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX export needs the training extra")
pytest.importorskip("onnx", reason="ONNX export needs the training extra")

SPEC = InputSpec(size=32, channels=1, mean=0.5, std=0.5, view=0.93, view_dy=0.0, detail=48)


@pytest.fixture(params=ARCHITECTURES)
def models(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A models directory with a fresh network, `small`."""
    torch.manual_seed(0)
    network = ARCHITECTURES[request.param].module(SPEC.size, BLOCKS)
    tensors = {name: value.numpy() for name, value in network.state_dict().items() if "num_batches" not in name}
    save_release(Release(Config("small", "1", request.param, EMOTIONS, SPEC, 1.5), tensors), tmp_path / "small")
    return tmp_path


def command(monkeypatch: pytest.MonkeyPatch, models: Path, *arguments: object) -> int:
    """The export command's exit code."""
    monkeypatch.setattr(sys, "argv", ["export", *map(str, arguments), "--models-dir", str(models)])
    return export.main()


def test_the_file_answers_like_torch_in_any_batch(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of one and of seven get torch's logits; labels, input and temperature stand in the file."""
    assert command(monkeypatch, models, "small", "--onnx", "--out", models / "small.onnx") == 0
    session = onnxruntime.InferenceSession(str(models / "small.onnx"), providers=["CPUExecutionProvider"])
    network = torch_network(load_release("small", models))
    for count in (1, 7):
        pixels = np.random.default_rng(count).normal(size=(count, 1, 32, 32)).astype(np.float32)
        with torch.inference_mode():
            expected = network(torch.from_numpy(pixels)).numpy()
        assert np.abs(session.run(None, {"pixels": pixels})[0] - expected).max() < 1e-4
    said = session.get_modelmeta().custom_metadata_map
    assert json.loads(said["labels"]) == list(EMOTIONS)
    assert json.loads(said["input"])["size"] == 32
    assert float(said["temperature"]) == 1.5
    assert [path.name for path in models.glob("*.onnx")] == ["small.onnx"]


def test_a_graph_that_answers_otherwise_is_not_kept(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check can fail: then the command says by how much and leaves what was there."""
    monkeypatch.setattr(onnx, "TOLERANCE", -1.0)
    (models / "small.onnx").write_text("the one before")
    with pytest.raises(AffectError, match="differ from torch's by"):
        onnx.write(load_release("small", models), models / "small.onnx")
    assert [path.name for path in models.glob("*.onnx")] == ["small.onnx"]
    assert (models / "small.onnx").read_text() == "the one before"


def test_a_missing_package_is_named(models: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Without the training extra the command says what to install."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert command(monkeypatch, models, "small", "--onnx") == 2
    assert "needs the package onnxruntime" in capsys.readouterr().err


def test_the_file_says_how_its_temperature_depends_on_quality() -> None:
    """With what was fitted, and in words."""
    said = onnx.metadata(load_release("emotion-net", MODELS).config)
    fitted = msgspec.json.decode(said["legibility"], type=Legibility)
    assert fitted.measures["size"].log_temperature > 0
    assert "the temperature depends on the picture's quality" in said["postprocessing"]
