"""MTCNN's trained weights, the release `models/mtcnn`, folded into plain layers.

Every network becomes a chain of convolutions on uint8 BGR pixels: normalisation and channel order are folded into the
first layer, dense layers become convolutions over the whole remaining map, and the two-way softmax one logit.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from shared.errors import ModelError

RELEASE = Path(__file__).resolve().parent.parent / "models" / "mtcnn"


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


def load_networks(release: Path = RELEASE) -> dict[str, Network]:
    """P-, R- and O-Net as layers; each ends in a face logit, four box offsets and (O-Net) ten landmark coordinates.

    Raises `ModelError` if the release's file is missing, damaged or another network's.
    """
    path = release / "weights.safetensors"
    try:
        return _fold(load(path.read_bytes()))
    except OSError as error:
        raise ModelError(f"{path}: the detector's weights cannot be read: {error.strerror}") from None
    except (KeyError, ValueError, SafetensorError) as error:
        raise ModelError(f"{path}: not MTCNN's weights ({error}); restore the file") from None


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
