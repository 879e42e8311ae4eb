"""The runtime directory: sockets, locks and state of one user's pipeline."""

import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from shared.errors import ConfigurationError


def default_runtime_dir(environment: Mapping[str, str] = os.environ, system: str = sys.platform) -> Path:
    """`$XDG_RUNTIME_DIR/affectstream`, else `/tmp/affectstream-<uid>`; on Windows in the user's temporary folder."""
    if system == "win32":
        return Path(tempfile.gettempdir()) / "affectstream"
    base = environment.get("XDG_RUNTIME_DIR")
    return Path(base) / "affectstream" if base else Path(f"/tmp/affectstream-{os.getuid()}")  # noqa: S108 — 0700, owner checked


def prepare_runtime_dir(path: Path, system: str = sys.platform) -> Path:
    """Create the runtime directory, mode 0700, before anything else of a process that joins the pipeline.

    Raises ConfigurationError if another user owns or may enter it, and on Windows, which lacks what holds the pipeline
    together: locks, signals, and pipes that are inherited and polled.
    """
    if system == "win32":
        raise ConfigurationError("the pipeline runs on Linux and macOS; on Windows run it in WSL 2 (docs/platforms.md)")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = path.stat()
    except OSError as error:
        raise ConfigurationError(f"AFFECT_RUNTIME_DIR={str(path)!r} cannot be created: {error.strerror}") from None
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid():
        raise ConfigurationError(f"AFFECT_RUNTIME_DIR={str(path)!r} is not a directory owned by this user")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        remedy = "chmod 700 it, or choose one that does not exist yet"
        raise ConfigurationError(f"AFFECT_RUNTIME_DIR={str(path)!r} is open to other users: {remedy}")
    return path
