"""A disk that has nothing but what was flushed to it, so that a power cut can be played."""

import json
import os
import stat
from pathlib import Path


class Disk:
    """Notes what `os.fsync` is called for, in a folder of its own; also for processes that have that folder's name.

    After the cut a file has the content that it had when it was last flushed, or none. A folder has the names that it
    had when it was last flushed. That is less than any file system keeps.
    """

    def __init__(self, notes: Path):
        self._notes = notes
        notes.mkdir(exist_ok=True)
        self._fsync = os.fsync
        self._held: list[int] = []

    def fsync(self, handle: int) -> None:
        """To be called instead of `os.fsync`."""
        self._fsync(handle)
        about, path = os.fstat(handle), Path(f"/proc/self/fd/{handle}").readlink()
        self._held.append(os.dup(handle))  # else another file might get its inode
        if stat.S_ISDIR(about.st_mode):
            kinds = {one.name: [one.inode(), one.is_dir()] for one in os.scandir(path)}
            self._note(f"{about.st_ino}.json", json.dumps(kinds).encode())
        else:
            self._note(str(about.st_ino), path.read_bytes())

    def cut(self, folder: Path) -> None:
        """Leave in a folder what the disk had of it."""
        notes = {path.name: path.read_bytes() for path in self._notes.iterdir()}
        inode = folder.stat().st_ino
        folder.rename(folder.with_name("lost"))
        self._rebuild(folder, inode, notes)

    def _rebuild(self, folder: Path, inode: int, notes: dict[str, bytes]) -> None:
        folder.mkdir()
        for name, (its, is_folder) in json.loads(notes.get(f"{inode}.json", b"{}")).items():
            if is_folder:
                self._rebuild(folder / name, its, notes)
            else:
                (folder / name).write_bytes(notes.get(str(its), b""))

    def _note(self, name: str, content: bytes) -> None:
        part = self._notes / f"{name}.{os.getpid()}.part"
        part.write_bytes(content)
        part.replace(self._notes / name)
