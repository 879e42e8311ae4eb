"""Writes a released model to one ONNX file with labels and preprocessing in its metadata, checked against torch."""

import json
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch

from classifier.backends import torch_network
from classifier.legibility import LEAST_ACCURACY, MOST_MISSING, NOISE_UNIT
from classifier.preprocess import LEAST_DEVIATION, InputSpec
from classifier.release import Config, Release
from shared.errors import AffectError, ConfigurationError
from shared.extras import ROOT, remedy
from shared.files import replacing

OPSET = 17
TOLERANCE = 1e-4
"""Tolerated difference between ONNX Runtime's and torch's logits, relative to the largest logit (or 1 if larger)."""


def write(release: Release, path: Path) -> None:
    """Writes the release to `path`: input `pixels` (N, 1, S, S) float32, output `logits` (N, 7), for any N.

    Raises ConfigurationError if the packages onnx and onnxruntime are missing, and AffectError if the graph's output
    differs from torch's. On failure `path` is unchanged.
    """
    onnx, onnxruntime = _packages()
    network, size = torch_network(release), release.config.input.size
    with replacing(path) as part:
        with warnings.catch_warnings():
            # The newer exporter needs another package and adds nothing for these networks.
            warnings.simplefilter("ignore", DeprecationWarning)
            torch.onnx.export(
                network,
                (torch.zeros(1, 1, size, size),),
                str(part),
                dynamo=False,
                opset_version=OPSET,
                input_names=["pixels"],
                output_names=["logits"],
                dynamic_axes={"pixels": {0: "faces"}, "logits": {0: "faces"}},
            )
        model = onnx.load(str(part))
        onnx.helper.set_model_props(model, metadata(release.config))
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, str(part))
        _check(network, onnxruntime.InferenceSession(str(part), providers=["CPUExecutionProvider"]), size)


def metadata(config: Config) -> dict[str, str]:
    """The file's metadata: the release's config, with pre- and postprocessing also in words."""
    spec = config.input
    fitted = {"legibility": msgspec.json.encode(config.legibility).decode()} if config.legibility else {}
    return fitted | {
        "name": config.name,
        "version": config.version,
        "labels": json.dumps(config.labels),
        "temperature": str(config.temperature),
        "input": msgspec.json.encode(spec).decode(),
        "preprocessing": "; ".join(_steps(spec)),
        "postprocessing": "; ".join(_answers(config)),
    }


def _steps(spec: InputSpec) -> Iterator[str]:
    """The steps of `prepare`, for reimplementation. With another way of resizing, one label in ten differs."""
    resize = "averaging areas (OpenCV's INTER_AREA) where that makes it smaller, else bilinearly (INTER_LINEAR)"
    yield "turn the face upright by its eyes"
    yield f"cut a square of {spec.view} box heights, its centre {spec.view_dy} box heights below the box's"
    yield "grey = 0.299 R + 0.587 G + 0.114 B"
    if spec.detail:
        yield f"where its side is above {spec.detail} pixels, resize to {spec.detail} by averaging areas"
    yield f"resize to {spec.size}x{spec.size}, {resize}"
    if (how := spec.spread) is not None:
        yield (
            f"where the standard deviation d is below {how.none_above}: share = min(1, ({how.none_above} - d) / "
            f"({how.none_above} - {how.full_below})); scale the distance to the mean by 1 + share * "
            f"({how.deviation} / max(d, {LEAST_DEVIATION}) - 1), move the mean to {how.mean} by share, clip to 0..255"
        )
    yield f"(value / 255 - {spec.mean}) / {spec.std}"


def _answers(config: Config) -> Iterator[str]:
    """What follows the network."""
    yield "softmax(logits / temperature), in the order of labels"
    if config.legibility is not None:
        yield (
            "the temperature depends on the picture's quality: multiply it by exp(sum of log_temperature * missing) "
            "over the measures of legibility; missing is log2(enough / value), for turned log2(value / enough), for "
            f"noise (value - enough) / {NOISE_UNIT}, each cut to 0..{MOST_MISSING:g}; docs/faces.md defines them"
        )
        yield (
            "the share read rightly is 1 / (1 + exp(sum of the measures' log_odds * missing - log_odds)); below "
            f"{LEAST_ACCURACY} give no label"
        )


def _packages() -> tuple[Any, Any]:
    try:
        return import_module("onnx"), import_module("onnxruntime")
    except ImportError as error:
        raise ConfigurationError(f"--onnx needs the package {error.name}: {remedy(ROOT, 'training')}") from None


def _check(network: torch.nn.Module, session: Any, size: int) -> None:
    """Compares both runtimes on random inputs, with a batch of one and of three."""
    for count in (1, 3):
        pixels = np.random.default_rng(count).uniform(-1, 1, (count, 1, size, size)).astype(np.float32)
        with torch.inference_mode():
            expected = network(torch.from_numpy(pixels)).numpy()
        (actual,) = session.run(["logits"], {"pixels": pixels})
        off = float(np.abs(actual - expected).max() / max(1, np.abs(expected).max()))
        if not off <= TOLERANCE:
            raise AffectError(f"ONNX Runtime's logits differ from torch's by {off:.2g}; allowed: {TOLERANCE}")
