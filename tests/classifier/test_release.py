"""Released models: what is read, and what is refused with a message that says why."""

import json
import pickle
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from classifier.architectures import ARCHITECTURES, BLOCKS
from classifier.networks import EmotionCNN, EmotionNet
from classifier.preprocess import InputSpec
from classifier.release import (
    CONFIG,
    WEIGHTS,
    Config,
    Release,
    load_release,
    save_release,
)
from shared.errors import ModelError
from shared.messages import EMOTIONS

SPEC = InputSpec(size=224, channels=1, mean=0.5, std=0.5, view=0.93, view_dy=0.0, detail=48)
CONFIG_OF_TEST = Config("small", "1", "emotion-cnn", EMOTIONS, msgspec.structs.replace(SPEC, size=16), 1.5)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A models directory with one release, `small`, of EmotionCNN's layers for 16-pixel input."""
    rng = np.random.default_rng(0)
    tensors = {name: rng.random(shape, np.float32) for name, shape in CONFIG_OF_TEST.shapes().items()}
    save_release(Release(CONFIG_OF_TEST, tensors), tmp_path / "small")
    return tmp_path


def test_a_release_comes_back_as_it_was_written(models: Path) -> None:
    """Config and weights survive, the weights to float16's precision, by name and by path."""
    release = load_release("small", models)
    assert release.config == CONFIG_OF_TEST
    assert release.tensors["head.4.weight"].shape == (7, 128)
    assert all(tensor.dtype == np.float32 for tensor in release.tensors.values())
    again = load_release(str(models / "small"), Path("elsewhere"))
    assert all(np.array_equal(again.tensors[name], release.tensors[name]) for name in release.tensors)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("blocks", [BLOCKS, (64, 96, 96, 160)])
def test_the_table_of_shapes_is_the_torch_network(architecture: str, blocks: tuple[int, ...]) -> None:
    """Names and shapes that a release must have are those of the torch module, for every architecture."""
    network = ARCHITECTURES[architecture].module(64, blocks)
    state = {name: tuple(value.shape) for name, value in network.state_dict().items() if "num_batches" not in name}
    assert ARCHITECTURES[architecture].shapes(64, blocks) == state


def test_emotion_cnn_is_the_network_that_was_specified() -> None:
    """By default it takes 224 pixels: 100,352 values go into the linear layer."""
    assert ARCHITECTURES["emotion-cnn"].shapes(224, BLOCKS)["head.0.weight"] == (128, 100_352)
    assert EmotionCNN().head[0].weight.shape == (128, 100_352)


@pytest.mark.parametrize("size", [16, 48, 67, 112])
def test_emotion_net_takes_any_size(size: int) -> None:
    """At most 5 M parameters, whatever the size of the pictures."""
    network = EmotionNet().eval()
    assert sum(parameter.numel() for parameter in network.parameters()) <= 5_000_000
    assert network(torch.zeros(2, 1, size, size)).shape == (2, 7)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"name": "My-Net"}, r"config\.json: not a model's config: .*regex"),
        ({"architecture": "emotion-net", "blocks": (64, 96, 128, 192, 256, 384)}, "blocks .* can halve; found 16"),
        ({"architecture": "emotion-lite", "blocks": (96, 128, 192, 256)}, "blocks .* can halve; found 16"),
    ],
)
def test_what_could_not_be_read_is_not_written(tmp_path: Path, wrong: dict[str, object], message: str) -> None:
    """A name with capitals, or blocks that leave nothing of the picture: refused before a file is there."""
    config = msgspec.structs.replace(CONFIG_OF_TEST, **wrong)
    with pytest.raises(ModelError, match=message):
        save_release(Release(config, {}), tmp_path / "bad")
    assert not (tmp_path / "bad").exists()


def test_a_missing_model_is_named_with_those_there_are(models: Path) -> None:
    """The message says which folder was looked for and which models exist."""
    with pytest.raises(ModelError, match=r"'large'.*large; released in .*: small"):
        load_release("large", models)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_missing_file_is_named(models: Path, name: str) -> None:
    """A release without its config or its weights is refused with the file's path."""
    (models / "small" / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_release("small", models)


@pytest.mark.parametrize("content", [pickle.dumps({"a": 1}), b"PK\x03\x04rest"])
def test_a_pickle_is_never_read(models: Path, content: bytes) -> None:
    """What torch.save or pickle wrote is refused by its first bytes."""
    (models / "small" / WEIGHTS).write_bytes(content)
    with pytest.raises(ModelError, match=r"weights.safetensors: expected safetensors; found a pickle or zip"):
        load_release("small", models)


def test_a_real_torch_checkpoint_is_never_read(models: Path) -> None:
    """torch.save's own output is recognised."""
    torch.save({"a": torch.zeros(3)}, models / "small" / WEIGHTS)
    with pytest.raises(ModelError, match="pickle or zip"):
        load_release("small", models)


@pytest.mark.parametrize("cut", [0, 5, 200, -1])
def test_truncated_weights_are_refused(models: Path, cut: int) -> None:
    """Safetensors that end early are refused by file name."""
    path = models / "small" / WEIGHTS
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelError, match=r"weights.safetensors: expected safetensors"):
        load_release("small", models)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda tensors: tensors.pop("head.4.bias"), "head.4.bias is missing"),
        (lambda tensors: tensors.update(extra=np.zeros(2, np.float16)), "extra is unknown"),
        (
            lambda tensors: tensors.update({"head.4.bias": np.zeros(8, np.float16)}),
            r"head.4.bias has shape \[8\], expected \[7\]",
        ),
        (lambda tensors: tensors.update({"head.4.bias": np.zeros(7, np.int64)}), "head.4.bias is int64"),
        (lambda tensors: tensors.update({"head.4.bias": np.full(7, np.nan, np.float16)}), "not finite"),
    ],
)
def test_tensors_of_another_network_are_refused(models: Path, change, message: str) -> None:
    """Missing, unknown, misshapen, mistyped and non-finite tensors are named."""
    path = models / "small" / WEIGHTS
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    with pytest.raises(ModelError, match=message):
        load_release("small", models)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "architecture",
            "resnet",
            r"an architecture of emotion-cnn, emotion-net, emotion-lite; found 'resnet'",
        ),
        ("labels", ["happy", "sad"], r"expected the labels angry.*found happy, sad"),
        ("temperature", 0, r"\$.temperature"),
        ("temperature", "hot", r"\$.temperature"),
        ("input", {"size": 224}, r"\$.input"),
        ("name", "../x", r"\$.name"),
        ("mean", 0.5, "mean"),
    ],
)
def test_a_wrong_config_is_refused(models: Path, key: str, value: object, message: str) -> None:
    """A config that says too little, too much or something impossible names the place."""
    path = models / "small" / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(ModelError, match=message):
        load_release("small", models)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_config_that_is_no_json_is_refused(models: Path, content: bytes) -> None:
    """Broken JSON is a clear message, not a traceback."""
    (models / "small" / CONFIG).write_bytes(content)
    with pytest.raises(ModelError, match=r"config.json: not a model's config"):
        load_release("small", models)


def test_nothing_that_would_be_refused_is_written(tmp_path: Path) -> None:
    """Writing checks the tensors like reading does."""
    with pytest.raises(ModelError, match="missing"):
        save_release(Release(CONFIG_OF_TEST, {}), tmp_path / "new")
