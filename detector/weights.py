"""MTCNN's trained weights, read from the facenet-pytorch wheel and folded into plain layers.

Every network becomes a chain of convolutions on uint8 BGR pixels: normalisation and channel order are folded into the
first layer, dense layers become convolutions over the whole remaining map, and the two-way softmax one logit.
"""

import hashlib
import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from safetensors import SafetensorError
from safetensors.numpy import load, save

from shared.errors import ModelError
from shared.files import replacing

log = structlog.get_logger()

NAMES = ("pnet", "rnet", "onet")


@dataclass(frozen=True)
class Layer:
    """A valid convolution with stride 1, then PReLU (if `slope`), then max-pooling with stride 2 (if `pool`).

    `weight` (out, in, k, k), `bias` (out,) and `slope` (out,) are float32; pooling rounds its output size up.
    """

    weight: np.ndarray
    bias: np.ndarray
    slope: np.ndarray | None
    pool: int


Network = tuple[Layer, ...]


def load_networks(cache_dir: Path) -> dict[str, Network]:
    """P-, R- and O-Net as layers; each ends in a face logit, four box offsets and (O-Net) ten landmark coordinates.

    The converted weights are cached in `cache_dir` under the hash of their source files, so that torch, slow to import,
    is needed only once. Raises `ModelError` if facenet-pytorch or its files are missing or changed.
    """
    sources = {name: _source(name) for name in NAMES}
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources.values())).hexdigest()[:16]
    cached = cache_dir / f"mtcnn-{digest}.safetensors"
    try:
        state = load(cached.read_bytes())
    except (OSError, SafetensorError):
        state = _read_state(sources)
        _write(cached, save(state))
    try:
        return _fold(state)
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"{sources['pnet'].parent}: not MTCNN's weights ({error}); remove {cached} and reinstall facenet-pytorch"
        ) from error


def _source(name: str) -> Path:
    spec = importlib.util.find_spec("facenet_pytorch")
    if spec is None or spec.origin is None:
        raise ModelError("the package facenet-pytorch, which holds the detector's weights, is missing; install it")
    path = Path(spec.origin).parent / "data" / f"{name}.pt"
    if not path.is_file():
        raise ModelError(f"{path}: the detector's weights are missing; reinstall facenet-pytorch")
    return path


def _read_state(sources: dict[str, Path]) -> dict[str, np.ndarray]:
    import torch

    state: dict[str, np.ndarray] = {}
    for name, path in sources.items():
        tensors: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        state |= {f"{name}.{key}": np.ascontiguousarray(value.numpy(), np.float32) for key, value in tensors.items()}
    return state


def _write(path: Path, content: bytes) -> None:
    """Cache the weights; without a writable disk the next start only takes some seconds longer."""
    try:
        with replacing(path) as part:
            part.write_bytes(content)
    except OSError as error:
        log.warning("converted weights are not cached on disk", file=str(path), error=str(error))


def _fold(state: dict[str, np.ndarray]) -> dict[str, Network]:
    def part(name: str, pools: dict[str, int], dense: str, side: int, heads: tuple[str, ...]) -> Network:
        """One network for BGR in 0-255: convolutions with pooling, then the dense layer and the joined heads."""
        layers = [_convolution(state, name, key, pool) for key, pool in pools.items()]
        # The networks were trained on RGB scaled to (x - 127.5) / 128.
        weight, bias = layers[0].weight, layers[0].bias
        layers[0] = replace(
            layers[0],
            weight=np.ascontiguousarray(weight[:, ::-1] / 128),
            bias=bias - weight.sum((1, 2, 3)) * (127.5 / 128),
        )
        if dense:
            layers.append(_dense(state, name, dense, side))
        layers.append(_head(state, name, heads))
        return tuple(layers)

    return {
        "pnet": part("pnet", {"1": 2, "2": 0, "3": 0}, "", 1, ("conv4_1", "conv4_2")),
        "rnet": part("rnet", {"1": 3, "2": 3, "3": 0}, "4", 3, ("dense5_1", "dense5_2")),
        "onet": part("onet", {"1": 3, "2": 3, "3": 2, "4": 0}, "5", 3, ("dense6_1", "dense6_2", "dense6_3")),
    }


def _convolution(state: dict[str, np.ndarray], name: str, key: str, pool: int) -> Layer:
    weight, bias = state[f"{name}.conv{key}.weight"], state[f"{name}.conv{key}.bias"]
    return Layer(weight, bias, state[f"{name}.prelu{key}.weight"], pool)


def _dense(state: dict[str, np.ndarray], name: str, key: str, side: int) -> Layer:
    # The dense layer flattens its map in the order width, height, channel.
    weight = state[f"{name}.dense{key}.weight"]
    kernel = weight.reshape(len(weight), side, side, -1).transpose(0, 3, 2, 1)
    return Layer(np.ascontiguousarray(kernel), state[f"{name}.dense{key}.bias"], state[f"{name}.prelu{key}.weight"], 0)


def _head(state: dict[str, np.ndarray], name: str, keys: tuple[str, ...]) -> Layer:
    face, *others = keys
    weights = [np.diff(state[f"{name}.{face}.weight"], axis=0)] + [state[f"{name}.{key}.weight"] for key in others]
    biases = [np.diff(state[f"{name}.{face}.bias"])] + [state[f"{name}.{key}.bias"] for key in others]
    weight = np.concatenate([weight.reshape(len(weight), -1) for weight in weights])
    return Layer(weight[:, :, None, None], np.concatenate(biases), None, 0)
