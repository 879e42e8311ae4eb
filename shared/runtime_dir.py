"""The runtime directory: sockets, locks and state of one user's pipeline."""

import os
import stat
from pathlib import Path

from shared.errors import ConfigurationError


def default_runtime_dir() -> Path:
    """`$XDG_RUNTIME_DIR/affectstream`, else `/tmp/affectstream-<uid>`."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    return Path(base) / "affectstream" if base else Path(f"/tmp/affectstream-{os.getuid()}")  # noqa: S108 — 0700, owner checked


def prepare_runtime_dir(path: Path) -> Path:
    """Create the runtime directory, mode 0700; raises ConfigurationError if another user owns or may enter it."""
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
