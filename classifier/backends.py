"""Inference with a released network: OpenVINO on the CPU, torch on CUDA and MPS, behind one small class.

The CPU back end builds its graph from the safetensors without importing torch, so that a stage starts in a second.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from classifier.architectures import ARCHITECTURES
from classifier.legibility import Legibility
from classifier.preprocess import InputSpec, prepare
from classifier.release import Release, load_release
from shared.compute import choose_device, computes_bf16, import_openvino
from shared.messages import EMOTIONS, Quality, Reason

MAX_BATCH = 8
"""Faces per network call: EmotionCNN's feature maps take 9 MB per face, and larger batches are no faster per face."""

Run = Callable[[np.ndarray], np.ndarray]
"""A network: (N, 1, S, S) float32, N ≤ MAX_BATCH, to logits (N, 7) float32."""


class Classifier:
    """A network with its preprocessing and temperature."""

    def __init__(
        self,
        name: str,
        device: str,
        spec: InputSpec,
        temperature: float,
        run: Run,
        legibility: Legibility | None = None,
    ):
        self.name, self.device = name, device
        self.spec, self.temperature, self._run = spec, temperature, run
        self._legibility = legibility

    def classify(
        self, crops: Sequence[np.ndarray], qualities: Sequence[Quality | None] = (), *, whole: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Logits and probabilities of faces, both (N, 7) float32 in the order of EMOTIONS.

        Args:
            crops: the detector's squares, (s, s, 3) BGR or (s, s) grey uint8, of any sizes.
            qualities: those of the faces, which the temperature depends on; empty: all unknown.
            whole: the crops are the view itself (a data set's face images).
        """
        logits = np.empty((len(crops), len(EMOTIONS)), np.float32)
        for start in range(0, len(crops), MAX_BATCH):
            part = slice(start, start + MAX_BATCH)
            logits[part] = self._run(prepare(crops[part], self.spec, whole=whole))
        temperatures = np.full((len(crops), 1), self.temperature, np.float32)
        if self._legibility and qualities:
            temperatures *= np.array([[self._legibility.warmth(quality)] for quality in qualities], np.float32)
        return logits, softmax(logits / temperatures)

    def reason(self, quality: Quality | None) -> Reason | None:
        """Why a face of this quality cannot be read; None if it can, or if nothing is known."""
        return self._legibility.reason(quality) if self._legibility else None

    def logits(self, pictures: np.ndarray) -> np.ndarray:
        """Logits (N, 7) float32 of pictures (N, 1, S, S) float32 as `preprocess.prepare` makes them."""
        parts = [self._run(pictures[start : start + MAX_BATCH]) for start in range(0, len(pictures), MAX_BATCH)]
        return np.concatenate(parts)

    def seeing(self, spec: InputSpec) -> "Classifier":
        """The same network with another view of the crop."""
        return Classifier(self.name, self.device, spec, self.temperature, self._run, self._legibility)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities (N, K) that sum to 1, of logits (N, K)."""
    exponents = np.exp(logits - logits.max(1, keepdims=True, initial=-np.inf))
    probs: np.ndarray = exponents / exponents.sum(1, keepdims=True)
    return probs


def load_classifier(
    model: str,
    models_dir: Path,
    device: str = "auto",
    threads: int = 1,
    precision: Literal["auto", "f32", "bf16"] = "auto",
) -> Classifier:
    """A released model, loaded and warmed up.

    Args:
        model: the name of a folder in `models_dir`, or a path to such a folder.
        models_dir: the folder of releases.
        device: auto, cpu, cuda or mps; `auto` is cuda, else mps, else cpu.
        threads: CPU threads.
        precision: on the CPU, `auto` is bf16 if the processor has it: several times as fast, and on FER-2013's
            validation images only 0.1 % of the labels differ. On CUDA, convolutions use TensorFloat-32 unless f32.

    Raises:
        ConfigurationError: the device is unknown or unavailable.
        ModelError: the release is missing or invalid.
    """
    chosen = choose_device(device)
    release = load_release(model, models_dir)
    run = _openvino(release, threads, precision) if chosen == "cpu" else _torch(release, chosen, precision)
    config = release.config
    run(np.zeros((1, config.input.channels, config.input.size, config.input.size), np.float32))
    name = f"{config.name}-{config.version}"
    return Classifier(name, chosen, config.input, config.temperature, run, config.legibility)


def torch_network(release: Release) -> Any:
    """The release as a torch module, in evaluation mode."""
    import torch

    config = release.config
    network = ARCHITECTURES[config.architecture].module(config.input.size, config.blocks)
    # Not strict: a release lacks BatchNorm's step counters. All else was checked on loading.
    network.load_state_dict({name: torch.from_numpy(value) for name, value in release.tensors.items()}, strict=False)
    return network.eval()


def _torch(release: Release, device: str, precision: str) -> Run:
    import torch

    torch.backends.cudnn.allow_tf32 = precision != "f32"
    network = torch_network(release).to(device)

    def run(batch: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            logits: np.ndarray = network(torch.from_numpy(batch).to(device)).float().cpu().numpy()
        return logits

    return run


def _openvino(release: Release, threads: int, precision: str) -> Run:
    openvino = import_openvino()
    core = openvino.Core()
    if precision == "auto":
        precision = "bf16" if computes_bf16(core) else "f32"
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": precision,
        "ENABLE_CPU_PINNING": False,
    }
    config = release.config
    graph = ARCHITECTURES[config.architecture].graph(release.tensors, config.input.size, config.blocks)
    request = core.compile_model(graph, "CPU", settings).create_infer_request()

    def run(batch: np.ndarray) -> np.ndarray:
        request.infer([batch], share_inputs=True)
        logits: np.ndarray = request.get_output_tensor().data.copy()
        return logits

    return run
