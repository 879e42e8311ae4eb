"""Weights and networks, against facenet-pytorch's own modules."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet

from detector.networks import SCAN_MARGIN, Networks, OpenVinoNetworks, TorchNetworks
from detector.weights import load_networks
from shared.errors import ModelError

SIDES = {"pnet": 12, "rnet": 24, "onet": 48}
MODULES = {"pnet": PNet, "rnet": RNet, "onet": ONet}


@pytest.fixture(scope="module", params=["openvino", "torch"])
def networks(request: pytest.FixtureRequest, cache_dir: Path) -> Networks:
    """Both runtimes on the CPU."""
    weights = load_networks(cache_dir)
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


def test_converted_weights_are_kept(tmp_path: Path) -> None:
    """The second start reads the cache, and a damaged cache is made anew."""
    folder = tmp_path / "new" / "cache"
    first = load_networks(folder)
    (cached,) = folder.iterdir()
    content = cached.read_bytes()
    cached.write_bytes(content[:1000])
    second = load_networks(folder)
    assert cached.read_bytes() == content
    assert list(folder.iterdir()) == [cached]
    for name, network in first.items():
        for a, b in zip(network, second[name], strict=True):
            np.testing.assert_array_equal(a.weight, b.weight)


def test_without_facenet_pytorch_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing package is one sentence, not a traceback."""

    def missing(name: str) -> Any:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", missing)
    with pytest.raises(ModelError, match=r"facenet-pytorch.*install it"):
        load_networks(tmp_path)
