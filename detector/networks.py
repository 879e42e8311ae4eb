"""Inference of the three networks: OpenVINO on the CPU, torch on CUDA, behind one small interface."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from detector.weights import Layer, Network
from shared.compute import computes_bf16, import_openvino

# Face logits in bf16 differ from fp32 by up to about 0.25 (P-Net) and 0.36 (R-Net).
SCAN_MARGIN = 0.3
SCREEN_MARGIN = 0.45
_SCREENED = 16


class Networks(Protocol):
    """The runtime interface of the cascade. Pixels are float32 BGR in 0-255; logits are of the face class."""

    def scan(self, canvas: np.ndarray) -> np.ndarray:
        """P-Net's logits (H', W'), to `SCAN_MARGIN`, of the 12 x 12 windows at every second pixel of (H, W, 3)."""

    def screen(self, crops: np.ndarray) -> np.ndarray:
        """R-Net's logits (N,), to `SCREEN_MARGIN`, of (N, 24, 24, 3)."""

    def run(self, name: str, pixels: np.ndarray) -> np.ndarray:
        """Outputs (N, C) float32 of a network for (N, S, S, 3); S = 12, 24 or 48 for "pnet", "rnet" and "onet".

        C = 5, 5 or 15: logit, four box offsets, for O-Net ten landmark coordinates (five x, then five y).
        """


@dataclass(frozen=True)
class Compiled:
    """How a network is compiled: batch sizes (ascending), input side in pixels, and precision if the CPU has bf16.

    Small batches keep a few hints cheap. Networks whose boxes are truncated to pixels run in fp32, because the
    smallest difference would propagate.
    """

    batches: tuple[int, ...]
    side: int
    precision: str


class OpenVinoNetworks:
    """The networks on `threads` CPU threads, compiled for fixed shapes."""

    COMPILED: Mapping[str, Compiled] = {
        "pnet": Compiled((8, 64), 12, "f32"),
        "rnet": Compiled((4, 16), 24, "f32"),
        "onet": Compiled((1, 4), 48, "bf16"),
    }

    def __init__(self, networks: dict[str, Network], threads: int):
        self._ov = import_openvino()
        self._core = self._ov.Core()
        self._networks = networks
        self._settings = {"INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "ENABLE_CPU_PINNING": False}
        self._has_bf16 = computes_bf16(self._core)
        self._scanner = lru_cache(maxsize=4)(self._compile_scanner)
        self._screener = {_SCREENED: self._compile(_logit_only(networks["rnet"]), (_SCREENED, 24, 24, 3), "bf16")}
        self._requests = {
            name: {
                batch: self._compile(networks[name], (batch, how.side, how.side, 3), how.precision)
                for batch in how.batches
            }
            for name, how in self.COMPILED.items()
        }

    def scan(self, canvas: np.ndarray) -> np.ndarray:
        """See `Networks.scan`."""
        logits: np.ndarray = self._infer(self._scanner(canvas.shape), canvas[None])[0, 0]
        return logits

    def screen(self, crops: np.ndarray) -> np.ndarray:
        """See `Networks.screen`."""
        logits: np.ndarray = self._batched(self._screener, crops)[:, 0]
        return logits

    def run(self, name: str, pixels: np.ndarray) -> np.ndarray:
        """See `Networks.run`."""
        return self._batched(self._requests[name], pixels)

    def _batched(self, requests: Mapping[int, Any], pixels: np.ndarray) -> np.ndarray:
        largest = max(requests)
        outputs = np.empty((len(pixels), requests[largest].get_output_tensor().shape[1]), np.float32)
        for start in range(0, len(pixels), largest):
            part = pixels[start : start + largest]
            batch = min(size for size in requests if size >= len(part))
            full = part if len(part) == batch else np.resize(part, (batch, *part.shape[1:]))
            outputs[start : start + largest] = self._infer(requests[batch], full)[: len(part), :, 0, 0]
        return outputs

    def _compile_scanner(self, shape: tuple[int, ...]) -> Any:
        return self._compile(_logit_only(self._networks["pnet"]), (1, *shape), "bf16")

    def _compile(self, network: Network, shape: tuple[int, ...], precision: str) -> Any:
        hint = {"INFERENCE_PRECISION_HINT": precision if self._has_bf16 else "f32"}
        model = self._core.compile_model(_build(self._ov, network, shape), "CPU", self._settings | hint)
        return model.create_infer_request()

    def _infer(self, request: Any, pixels: np.ndarray) -> np.ndarray:
        request.set_input_tensor(self._ov.Tensor(pixels, shared_memory=True))
        request.infer()
        output: np.ndarray = request.get_output_tensor().data
        return output


class TorchNetworks:
    """The networks in torch, for CUDA (any torch device works)."""

    def __init__(self, networks: dict[str, Network], device: str):
        import torch

        self._torch = torch
        self._device = torch.device(device)
        self._networks = {name: [self._layer(layer) for layer in network] for name, network in networks.items()}

    def scan(self, canvas: np.ndarray) -> np.ndarray:
        """See `Networks.scan`."""
        logits: np.ndarray = self._forward("pnet", canvas[None])[0, 0]
        return logits

    def screen(self, crops: np.ndarray) -> np.ndarray:
        """See `Networks.screen`."""
        logits: np.ndarray = self.run("rnet", crops)[:, 0]
        return logits

    def run(self, name: str, pixels: np.ndarray) -> np.ndarray:
        """See `Networks.run`."""
        if not len(pixels):
            return np.empty((0, len(self._networks[name][-1][1])), np.float32)
        return self._forward(name, pixels)[:, :, 0, 0]

    def _layer(self, layer: Layer) -> tuple[Any, Any, Any, int]:
        def move(array: np.ndarray) -> Any:
            return self._torch.from_numpy(array).to(self._device)

        slope = None if layer.slope is None else move(layer.slope)
        return move(layer.weight), move(layer.bias), slope, layer.pool

    def _forward(self, name: str, pixels: np.ndarray) -> np.ndarray:
        torch, functional = self._torch, self._torch.nn.functional
        with torch.inference_mode():
            x = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2)
            for weight, bias, slope, pool in self._networks[name]:
                x = functional.conv2d(x, weight, bias)
                x = x if slope is None else functional.prelu(x, slope)
                x = functional.max_pool2d(x, pool, 2, ceil_mode=True) if pool else x
            output: np.ndarray = x.cpu().numpy()
            return output


def _logit_only(network: Network) -> Network:
    *layers, head = network
    return (*layers, Layer(head.weight[:1], head.bias[:1], None, 0))


def _build(ov: Any, network: Network, shape: tuple[int, ...]) -> Any:
    op, pooling = ov.opset13, ov.opset1
    pixels = op.parameter(list(shape), np.float32)
    x = op.transpose(pixels, np.array([0, 3, 1, 2]))
    for layer in network:
        x = op.convolution(x, op.constant(layer.weight), [1, 1], [0, 0], [0, 0], [1, 1])
        x = op.add(x, op.constant(layer.bias.reshape(1, -1, 1, 1)))
        if layer.slope is not None:
            x = op.prelu(x, op.constant(layer.slope))
        if layer.pool:
            x = pooling.max_pool(x, [2, 2], [0, 0], [0, 0], [layer.pool] * 2, "ceil", "explicit")
    return ov.Model([x], [pixels])
