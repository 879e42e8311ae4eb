"""CURVE keys for a bus that spans hosts: python -m shared.keys [--folder FOLDER] COMMAND.

make           a new folder, with the bus's key pair and one for the stages beside it
add HOST       a key for one more host, in a folder to copy there
list           the names of the keys that may join, and their public halves
revoke HOST    its key may join no more
"""

import argparse
import os
import re
import shutil
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import zmq

from shared.errors import AffectError, ConfigurationError

_KEY_BYTES = 40
_OWN = "client"
"""The name of the key in the folder itself."""


class KeyPair(NamedTuple):
    """A CURVE key pair in Z85 text."""

    public: bytes
    secret: bytes


def make_keys(folder: Path) -> None:
    """Write fresh keys; raises ConfigurationError rather than overwrite any.

    The folder holds the bus's key pair (`bus.public`, `bus.secret`), the one of the stages that are given this folder
    (`client.public`, `client.secret`), and in `allowed/` the public keys that may join.
    """
    if folder.exists() and any(folder.iterdir()):
        raise ConfigurationError(f"{str(folder)!r} is not empty; keys are never overwritten")
    (folder / "allowed").mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for name in ("bus", _OWN):
        _write_pair(folder, name)
    _allow(folder, _OWN, folder)


def add_host(folder: Path, host: str) -> Path:
    """Make and admit a key for a host; returns the folder that serves as its AFFECT_BUS_KEYS.

    Raises ConfigurationError for a name that is taken or no name, and if `folder` has no keys of a bus.
    """
    bus = read_key(folder / "bus.public")
    theirs = folder / "hosts" / host
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", host):
        raise ConfigurationError(f"{host!r} is no host: letters, digits and . _ - are allowed, 64 at most")
    if host in read_allowed(folder):
        raise ConfigurationError(f"{host!r} has a key; revoke it first for a new one")
    shutil.rmtree(theirs, ignore_errors=True)  # of a key that was not admitted
    theirs.mkdir(mode=0o700, parents=True)
    (theirs / "bus.public").write_bytes(bus)
    _write_pair(theirs, _OWN)
    _allow(folder, host, theirs)
    return theirs


def revoke_host(folder: Path, host: str) -> None:
    """Take back a host's key; raises ConfigurationError if there is none of this name."""
    if host == _OWN:
        raise ConfigurationError(f"{host!r} is the key of {str(folder)!r} itself; make a new folder to replace it")
    if host not in read_allowed(folder):
        raise ConfigurationError(f"{host!r} has no key in {str(folder / 'allowed')!r}")
    (folder / "allowed" / f"{host}.public").unlink()
    shutil.rmtree(folder / "hosts" / host, ignore_errors=True)


def read_key(path: Path) -> bytes:
    """One key in Z85 text; raises ConfigurationError naming the file."""
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigurationError(
            f"AFFECT_BUS_KEYS: {str(path)!r} cannot be read ({error.strerror}); "
            "make keys with python -m shared.keys make"
        ) from None
    if len(key) != _KEY_BYTES:
        raise ConfigurationError(f"AFFECT_BUS_KEYS: {str(path)!r} is not a key of {_KEY_BYTES} characters")
    return key


def read_pair(folder: Path, name: str) -> KeyPair:
    """The key pair `bus` or `client` of a folder."""
    return KeyPair(read_key(folder / f"{name}.public"), read_key(folder / f"{name}.secret"))


def read_allowed(folder: Path) -> dict[str, bytes]:
    """The public keys that may join the bus, by name."""
    return {path.stem: read_key(path) for path in sorted((folder / "allowed").glob("*.public"))}


def open_secrets(folder: Path) -> list[Path]:
    """The secrets in a folder that others than their owner may read."""
    return [path for path in sorted(folder.glob("*.secret")) if stat.S_IMODE(path.stat().st_mode) & 0o077]


def _write_pair(folder: Path, name: str) -> None:
    public, secret = zmq.curve_keypair()
    (folder / f"{name}.public").write_bytes(public)
    with os.fdopen(os.open(folder / f"{name}.secret", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)


def _allow(folder: Path, host: str, theirs: Path) -> None:
    (folder / "allowed" / f"{host}.public").write_bytes((theirs / f"{_OWN}.public").read_bytes())


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m shared.keys", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("keys"), help="where the keys are (default: keys)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in ("make", "list"):
        commands.add_parser(name)
    for name in ("add", "revoke"):
        commands.add_parser(name).add_argument("host", metavar="HOST")
    options = parser.parse_args(arguments)
    try:
        _do(options.command, options.folder, getattr(options, "host", ""))
    except (AffectError, OSError) as error:
        print(f"shared.keys: {error}", file=sys.stderr)
        return error.exit_code if isinstance(error, AffectError) else AffectError.exit_code
    return 0


def _do(command: str, folder: Path, host: str) -> None:
    if command == "make":
        make_keys(folder)
        print(f"{folder} is AFFECT_BUS_KEYS for the host of the bus; add HOST makes keys for others")
    elif command == "add":
        print(f"copy {add_host(folder, host)} to {host}, where it is AFFECT_BUS_KEYS, and delete it here")
    elif command == "revoke":
        revoke_host(folder, host)
        print(f"{host} cannot join any more; a connection that it has ends with the bus")
    else:
        for name, key in read_allowed(folder).items():
            print(f"{name:24}{key.decode(errors='replace')}")


if __name__ == "__main__":
    sys.exit(main())
