"""Reads the files of a folder or a zip."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from shared.errors import ConfigurationError

UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)
"""What `zipfile` raises for damaged or encrypted archives and unknown compression."""


def folder_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the relative POSIX path and content of each file in a folder tree.

    Symbolic links are followed; a broken one counts as an empty file. Raises OSError for what may not be read.
    """

    def refuse(error: OSError) -> None:
        raise error

    for root, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        place = Path(root)
        folders[:] = sorted(name for name in folders if not _leads_back(place / name))
        for name in sorted(names):
            file = place / name
            if file.is_file() or file.is_symlink():
                yield file.relative_to(folder).as_posix(), file.read_bytes() if file.exists() else b""


def _leads_back(folder: Path) -> bool:
    """Whether it is a link to one of its own parents, which would never end."""
    return folder.is_symlink() and folder.resolve() in {above.resolve() for above in folder.parents}


def zip_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the path and content of each file in a zip; backslashes, which some Windows programs write, become `/`.

    Raises ConfigurationError if the zip cannot be unpacked or holds a path that leads out of it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = entry.filename.replace("\\", "/")
                if ".." in PurePosixPath(name).parts or name.startswith("/"):
                    raise ConfigurationError(f"{path} holds {name!r}, which lies outside of it; create the zip again")
                if not name.endswith("/"):
                    yield name, archive.read(entry)
    except UNREADABLE as error:
        raise ConfigurationError(
            f"{path} is not a readable zip ({error}); create it again without a password, or pass the folder"
        ) from None
