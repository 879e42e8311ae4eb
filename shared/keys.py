"""CURVE keys for a bus that spans hosts: `python -m shared.keys FOLDER` makes them.

The folder holds the bus's key pair (`bus.public`, `bus.secret`), the one that all stages share (`client.public`,
`client.secret`), and in `allowed/` the public keys that may join. Copy it to other hosts without `bus.secret`.
"""

import os
import sys
from pathlib import Path
from typing import NamedTuple

import zmq

from shared.errors import AffectError, ConfigurationError

_KEY_BYTES = 40


class KeyPair(NamedTuple):
    """A CURVE key pair in Z85 text."""

    public: bytes
    secret: bytes


def make_keys(folder: Path) -> None:
    """Write fresh keys; raises ConfigurationError rather than overwrite any."""
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{str(folder)!r} is not empty; keys are never overwritten")
    (folder / "allowed").mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in ("bus", "client"):
        public, secret = zmq.curve_keypair()
        (folder / f"{name}.public").write_bytes(public)
        with os.fdopen(os.open(folder / f"{name}.secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret)
    (folder / "allowed" / "client.public").write_bytes((folder / "client.public").read_bytes())


def read_key(path: Path) -> bytes:
    """One key in Z85 text; raises ConfigurationError naming the file."""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigurationError(
            f"AFFECT_BUS_KEYS: {str(path)!r} cannot be read ({error.strerror}); "
            "make keys with python -m shared.keys FOLDER"
        ) from None
    if len(key) != _KEY_BYTES:
        raise ConfigurationError(f"AFFECT_BUS_KEYS: {str(path)!r} is not a key of {_KEY_BYTES} characters")
    return key


def read_pair(folder: Path, name: str) -> KeyPair:
    """The key pair `bus` or `client` of a folder."""
    return KeyPair(read_key(folder / f"{name}.public"), read_key(folder / f"{name}.secret"))


def read_allowed(folder: Path) -> frozenset[bytes]:
    """The public keys that may join the bus."""
    return frozenset(read_key(path) for path in sorted((folder / "allowed").glob("*.public")))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m shared.keys FOLDER")
    try:
        make_keys(Path(sys.argv[1]))
    except AffectError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
