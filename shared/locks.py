"""Advisory locks in the runtime directory.

One bus, one smoother, one owner per source name, and one version of the software on this host.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from shared.errors import ConfigurationError

with contextlib.suppress(ImportError):  # on Windows, where `prepare_runtime_dir` refuses before
    import fcntl


class LockedError(ConfigurationError):
    """Another live process holds the lock."""

    def __init__(self, what: str, pid: int | None):
        super().__init__(f"{what} is in use by process {pid or 'unknown'} on this host; stop that one first")
        self.pid = pid


class Lock:
    """A held flock; the kernel releases it however the process ends."""

    def __init__(self, file: IO[str], path: Path):
        self._file = file
        self._path = path

    def release(self) -> None:
        """Release the lock and remove its file."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def take(runtime_dir: Path, name: str, what: str) -> Lock:
    """Take the lock `name`; raises LockedError with its holder's pid. `what` names it for the user.

    Raises ConfigurationError if the folder cannot be written.
    """
    path = runtime_dir / f"{name}.lock"
    while True:
        file = _open(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise LockedError(what, int(holder) if holder.isdigit() else None) from None
        if _is_same_file(file, path):  # else its holder removed it between our open and our lock
            break
        file.close()
    _write(file, str(os.getpid()))
    return Lock(file, path)


@contextlib.contextmanager
def share_version(runtime_dir: Path, version: str) -> Iterator[None]:
    """Share the directory with processes of the same version for the length of a `with`.

    Raises ConfigurationError if a live process of another version is there.
    """
    path = runtime_dir / "version.lock"
    file = _share(path, version)
    try:
        file.seek(0)
        theirs = file.read() or version  # empty: its disk was full
        if theirs != version:
            raise ConfigurationError(
                f"AFFECT_RUNTIME_DIR={str(runtime_dir)!r} is in use by {theirs}, and this is {version}; "
                "stop that one first, or give this one a directory of its own"
            )
        yield
    finally:
        with contextlib.suppress(OSError):  # whoever is the last removes the file
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
        file.close()


def _share(path: Path, content: str) -> IO[str]:
    """The file, locked together with others; the first one writes the content."""
    while True:
        file = _open(path)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(file, content)
        fcntl.flock(file, fcntl.LOCK_SH)  # waits for one that writes or removes it just now
        if _is_same_file(file, path):
            return file
        file.close()


def _open(path: Path) -> IO[str]:
    try:
        return path.open("a+")
    except OSError as error:
        raise ConfigurationError(
            f"AFFECT_RUNTIME_DIR={str(path.parent)!r} cannot be written: {error.strerror}"
        ) from None


def _write(file: IO[str], content: str) -> None:
    with contextlib.suppress(OSError):  # disk full: the content is lost, the lock holds
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), content.encode())


def _is_same_file(file: IO[str], path: Path) -> bool:
    try:
        return os.fstat(file.fileno()).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
