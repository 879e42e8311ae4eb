"""Advisory locks in the runtime directory: one bus, one smoother, one owner per source name on this host."""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import IO

from shared.errors import ConfigurationError


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
    """Take the lock `name`; raises LockedError with its holder's pid. `what` names it for the user."""
    path = runtime_dir / f"{name}.lock"
    while True:
        file = path.open("a+")
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
    with contextlib.suppress(OSError):  # disk full: the pid is lost, the lock holds
        os.ftruncate(file.fileno(), 0)
        os.write(file.fileno(), str(os.getpid()).encode())
    return Lock(file, path)


def _is_same_file(file: IO[str], path: Path) -> bool:
    try:
        return os.fstat(file.fileno()).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
