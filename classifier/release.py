"""A released model on disk: `models/<name>/` with `config.json`, `weights.safetensors` and a card, `README.md`.

The config holds everything needed to rebuild the network and its preprocessing; weights are read only from safetensors,
which cannot contain code.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from classifier.architectures import ARCHITECTURES, BLOCKS, Shapes
from classifier.legibility import Legibility
from classifier.preprocess import InputSpec
from shared.errors import ModelError
from shared.files import replacing
from shared.messages import EMOTIONS

MODELS = Path(__file__).resolve().parent.parent / "models"
"""The project's own releases."""
CONFIG = "config.json"
WEIGHTS = "weights.safetensors"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The content of `config.json`. `temperature` divides the logits before the softmax; `blocks` are emotion-net's."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    version: str
    architecture: str
    labels: tuple[str, ...]
    input: InputSpec
    temperature: Annotated[float, msgspec.Meta(gt=0, le=100)]
    blocks: Annotated[tuple[Annotated[int, msgspec.Meta(gt=0, le=4096)], ...], msgspec.Meta(min_length=1)] = BLOCKS
    legibility: Legibility | None = None
    """How its temperature and its accuracy depend on a picture's quality; None: not known."""

    @property
    def weights_version(self) -> str:
        """The part of the version before the dot: 6.1 has the weights of 6, seen through another view."""
        return self.version.partition(".")[0]

    def shapes(self) -> Shapes:
        """The release's tensor shapes by name."""
        return ARCHITECTURES[self.architecture].shapes(self.input.size, self.blocks)


@dataclass(frozen=True)
class Release:
    """A checked release: its config and its tensors by name, float32."""

    config: Config
    tensors: dict[str, np.ndarray]


def load_release(model: str, models_dir: Path) -> Release:
    """The release `model`: a name in `models_dir`, or a path to a folder.

    Raises ModelError with the file, what was expected and what was found.
    """
    folder = Path(model) if "/" in model or "\\" in model else models_dir / model
    if not folder.is_dir():
        known = sorted(path.parent.name for path in models_dir.glob(f"*/{CONFIG}"))
        raise ModelError(f"model {model!r}: no folder {folder}; released in {models_dir}: {', '.join(known) or 'none'}")
    config = _check_config(folder / CONFIG, _read(folder / CONFIG))
    tensors = _read_weights(folder / WEIGHTS)
    _check_tensors(folder / WEIGHTS, tensors, config.shapes())
    return Release(config, {name: tensor.astype(np.float32) for name, tensor in tensors.items()})


def save_release(release: Release, folder: Path) -> None:
    """Writes config and weights (float16); raises ModelError for whatever `load_release` would reject."""
    config = msgspec.json.format(msgspec.json.encode(release.config), indent=2) + b"\n"
    _check_config(folder / CONFIG, config)
    tensors = {name: np.ascontiguousarray(tensor, np.float16) for name, tensor in release.tensors.items()}
    _check_tensors(folder / WEIGHTS, tensors, release.config.shapes())
    for name, content in ((WEIGHTS, save_tensors(tensors)), (CONFIG, config)):
        with replacing(folder / name) as part:
            part.write_bytes(content)


def _check_config(path: Path, content: bytes) -> Config:
    try:
        config = msgspec.json.decode(content, type=Config)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: not a model's config: {error}") from None
    if config.labels != EMOTIONS:
        raise ModelError(f"{path}: expected the labels {', '.join(EMOTIONS)}; found {', '.join(config.labels)}")
    if config.architecture not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise ModelError(f"{path}: expected an architecture of {known}; found {config.architecture!r}")
    if not ARCHITECTURES[config.architecture].smallest_map(config.input.size, config.blocks):
        raise ModelError(f"{path}: expected an input that blocks {config.blocks} can halve; found {config.input.size}")
    return config


def _read_weights(path: Path) -> dict[str, np.ndarray]:
    content = _read(path)
    if content[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise ModelError(f"{path}: expected safetensors; found a pickle or zip (torch.save), which may hold code")
    try:
        tensors: dict[str, np.ndarray] = load_tensors(content)
    except (SafetensorError, KeyError, TypeError) as error:  # the last two: a dtype that NumPy lacks
        raise ModelError(f"{path}: expected safetensors of float16 or float32; {error}") from None
    return tensors


def _check_tensors(path: Path, tensors: dict[str, np.ndarray], expected: Shapes) -> None:
    wrong = [f"{name} is missing" for name in expected if name not in tensors]
    wrong += [f"{name} is unknown" for name in tensors if name not in expected]
    for name in expected.keys() & tensors.keys():
        tensor = tensors[name]
        if tensor.shape != expected[name]:
            wrong.append(f"{name} has shape {list(tensor.shape)}, expected {list(expected[name])}")
        elif tensor.dtype not in (np.float16, np.float32):
            wrong.append(f"{name} is {tensor.dtype}, expected float16 or float32")
        elif not np.isfinite(tensor).all():
            wrong.append(f"{name} holds values that are not finite")
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise ModelError(f"{path}: of another architecture or damaged: {'; '.join(wrong[:3])}{more}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: expected a released model's file; {error.strerror}") from None
