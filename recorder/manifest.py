"""`run.json`: what a recording was made of and with, enough to repeat it."""

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from shared.errors import AffectError, ConfigurationError, SourceError

RUN = "run.json"
_MODELS = Path(__file__).resolve().parent.parent / "models"
_KEYS = frozenset({"schema", "version", "input", "settings", "model", "frames", "faces", "tables"})
_LIBRARIES = ("av", "numpy", "opencv-python-headless", "openvino", "pyarrow", "torch")


class Stamp(NamedTuple):
    """What tells whether a file has changed: its size in bytes, and when it was last written."""

    bytes: int
    mtime_ns: int


def stamp(path: Path) -> Stamp:
    """A file's stamp, or that of all files in a folder together. Raises SourceError if it cannot be read."""
    try:
        states = [one.stat() for one in _files(path)]
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from None
    return Stamp(sum(one.st_size for one in states), max((one.st_mtime_ns for one in states), default=0))


def sha256_of(path: Path) -> str:
    """SHA-256 of a file; of a folder, of its files' names and digests in order."""
    if path.is_dir():
        lines = (f"{sha256_of(one)}  {one.name}\n" for one in _files(path))
        return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=8)
def digest(path: Path, _: Stamp) -> str:
    """As `sha256_of`, once for as long as the stamp is the same."""
    return sha256_of(path)


def model_facts(model: str) -> dict[str, str]:
    """Name, version and the weights' SHA-256 of a model: a name in `models/`, or a path.

    Raises ConfigurationError if there is none.
    """
    folder = Path(model) if os.sep in model else _MODELS / model
    try:
        config = json.loads((folder / "config.json").read_text())
        digest = sha256_of(folder / "weights.safetensors")
        return {"name": str(config["name"]), "version": str(config["version"]), "sha256": digest}
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"model {model!r}: {folder} holds no released model ({error})") from None


def versions() -> dict[str, str]:
    """The versions of Python and of the libraries that results depend on."""
    return {"python": platform.python_version(), **{name: _version(name) for name in _LIBRARIES}}


def own_version() -> str:
    """The version of this project."""
    return _version("affectstream")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file; readable by people."""
    path.write_text(json.dumps(content, indent=1) + "\n")


def read_run(folder: Path) -> dict[str, Any]:
    """The `run.json` of a recording's folder, or at this path. Raises AffectError if it is none."""
    path = folder / RUN if folder.is_dir() else folder
    try:
        content = json.loads(path.read_text())
        if isinstance(content, dict) and content.keys() >= _KEYS:
            return content
    except OSError as error:
        raise AffectError(f"{path}: {error.strerror}; a finished recording has one") from None
    except ValueError:
        pass
    raise AffectError(f"{path}: is no run.json of a recording")


def _files(path: Path) -> list[Path]:
    return sorted(one for one in path.iterdir() if one.is_file()) if path.is_dir() else [path]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
