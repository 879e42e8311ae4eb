"""Weights and networks, against facenet-pytorch's own modules."""

import hashlib
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from safetensors.numpy import load, save

from detector.networks import SCAN_MARGIN, Networks, OpenVinoNetworks, TorchNetworks
from detector.weights import RELEASE, load_networks
from shared.errors import ModelError

SIDES = {"pnet": 12, "rnet": 24, "onet": 48}
MODULES = {"pnet": PNet, "rnet": RNet, "onet": ONet}


@pytest.fixture(scope="module", params=["openvino", "torch"])
def networks(request: pytest.FixtureRequest) -> Networks:
    """Both runtimes on the CPU."""
    weights = load_networks()
    return OpenVinoNetworks(weights, 1) if request.param == "openvino" else TorchNetworks(weights, "cpu")


def expected(name: str, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The reference's face probability (N,) and its other outputs (N, C) for BGR pixels."""
    rgb = torch.from_numpy(pixels[..., ::-1].copy()).permute(0, 3, 1, 2)
    with torch.no_grad():
        *others, probability = MODULES[name]()((rgb - 127.5) / 128)
    flat = [output.reshape(len(pixels), -1).numpy() for output in others]
    return probability[:, 1].reshape(-1).numpy(), np.concatenate(flat, axis=1)


@pytest.mark.parametrize(("name", "count"), [("pnet", 70), ("rnet", 19), ("onet", 6), ("rnet", 1), ("onet", 0)])
def test_outputs_are_the_references(networks: Networks, name: str, count: int) -> None:
    """Folded normalisation, colour order, dense layers and softmax change nothing, whatever the number of inputs."""
    side = SIDES[name]
    pixels = np.random.default_rng(2).integers(0, 256, (count, side, side, 3)).astype(np.float32)
    output = networks.run(name, pixels)
    assert output.shape == (count, 15 if name == "onet" else 5)
    if count:
        probability, others = expected(name, pixels)
        # O-Net runs in bf16 where the CPU has it.
        tolerance = 0.02 if name == "onet" and isinstance(networks, OpenVinoNetworks) else 1e-4
        np.testing.assert_allclose(1 / (1 + np.exp(-output[:, 0])), probability, atol=tolerance)
        np.testing.assert_allclose(output[:, 1:], others, atol=tolerance)


def test_the_scan_agrees_with_the_exact_network(networks: Networks, portrait: np.ndarray) -> None:
    """The scan's logit of each window is that of the exact P-Net, within the margin the cascade leaves."""
    canvas = np.ascontiguousarray(portrait[:120, 150:310], np.float32)
    logits = networks.scan(canvas)
    assert logits.shape == (55, 75)
    windows = np.stack([canvas[y : y + 12, x : x + 12] for y in range(0, 109, 2) for x in range(0, 149, 2)])
    exact = networks.run("pnet", windows)[:, 0].reshape(logits.shape)
    promising = exact > 0
    assert promising.sum() > 5
    assert np.abs(logits - exact)[promising].max() < SCAN_MARGIN


def test_the_release_has_the_numbers_of_facenet_pytorch() -> None:
    """Every tensor of the original files, whose hashes are on record, and nothing else."""
    package = importlib.util.find_spec("facenet_pytorch")
    assert package is not None
    assert package.origin is not None
    state = load((RELEASE / "weights.safetensors").read_bytes())
    originals = json.loads((RELEASE / "config.json").read_text())["originals"]
    for file, digest in originals.items():
        path = Path(package.origin).parent / "data" / file
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
        for key, value in torch.load(path, map_location="cpu", weights_only=True).items():
            np.testing.assert_array_equal(state.pop(f"{path.stem}.{key}"), value.numpy())
    assert not state


@pytest.mark.parametrize("damage", ["missing", "cut", "another network"])
def test_a_damaged_release_is_one_sentence(damage: str, tmp_path: Path) -> None:
    """No traceback, and the file is named."""
    content = (RELEASE / "weights.safetensors").read_bytes()
    if damage == "cut":
        content = content[:1000]
    elif damage == "another network":
        content = save({"head.weight": np.zeros((7, 384), np.float32)})
    if damage != "missing":
        (tmp_path / "weights.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match=r"weights\.safetensors: .*weights"):
        load_networks(tmp_path)
