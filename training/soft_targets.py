"""Soft targets: a teacher's probabilities for all training pictures, in one small file that is distilled from.

A safetensors file with `probs` (N, 7) float16, in the order of the data's training split before any picture is left
out; its metadata holds the SHA-256 of that split's pixels and what the teacher was.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from shared.errors import ConfigurationError
from shared.files import replacing
from shared.messages import EMOTIONS
from training.data import Faces

SUFFIX = ".safetensors"


def is_file(teacher: str) -> bool:
    """Whether a recipe's teacher is such a file, and not a release."""
    return teacher.partition("@")[0].endswith(SUFFIX)


def pinned(teacher: str) -> str:
    """The file with a digest of its content, `FILE@digest`, by which `read` knows that it is still the same."""
    path, _, digest = teacher.partition("@")
    return f"{path}@{digest or _digest(_content(path))}"


def write(path: Path, probs: np.ndarray, train: Faces, teachers: str) -> None:
    """Writes probabilities (N, 7) for the N pictures of a training split; `teachers` says whose they are."""
    about = json.dumps({"pictures": pictures_digest(train), "teachers": teachers})
    with replacing(path) as part:  # the order of several keys would vary, and with it the digest
        save_file({"probs": probs.astype(np.float16)}, part, metadata={"about": about})


def read(teacher: str, train: Faces) -> np.ndarray:
    """The probabilities (N, 7) float32 for a training split.

    Raises ConfigurationError where there is no such file, its content is not the pinned one, or it is for other
    pictures.
    """
    path, _, digest = teacher.partition("@")
    if digest and digest != _digest(_content(path)):
        raise ConfigurationError(f"{path} is not the file that the run began with: give --teacher {path} to take it")
    try:
        with safe_open(path, "np") as file:
            about = json.loads((file.metadata() or {}).get("about", "{}"))
            probs = file.get_tensor("probs").astype(np.float32)
    except (SafetensorError, ValueError) as error:
        raise ConfigurationError(f"{path} is not what python -m training.ensemble writes: {error}") from None
    if about.get("pictures") != pictures_digest(train) or probs.shape != (len(train), len(EMOTIONS)):
        raise ConfigurationError(f"{path} is for {len(probs)} other training pictures than those of --data")
    scaled: np.ndarray = probs / probs.sum(1, keepdims=True)
    return scaled


def pictures_digest(faces: Faces) -> str:
    """SHA-256 of a split's pixels in their order, hexadecimal."""
    return hashlib.sha256(faces.images.tobytes()).hexdigest()


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"--teacher {path}: {error.strerror}") from None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
