"""The files of a folder or a zip by their path in it."""

import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from shared.errors import ConfigurationError

UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)
"""What `zipfile` raises on files that are damaged, encrypted or packed in an unknown way."""


def folder_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Path, with `/`, and content of each file in a folder and below it; links are followed, broken ones are empty."""

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
    """Whether it is a link to one of the folders that it lies in, which would never end."""
    return folder.is_symlink() and folder.resolve() in {above.resolve() for above in folder.parents}


def zip_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """Path and content of each file in a zip; backslashes, which some programs on Windows write, become `/`.

    Raises ConfigurationError where it cannot be unpacked, or for a path that leads out of it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = entry.filename.replace("\\", "/")
                if ".." in PurePosixPath(name).parts or name.startswith("/"):
                    raise ConfigurationError(f"{path} holds {name!r}, which lies outside of it; pack it anew")
                if not name.endswith("/"):
                    yield name, archive.read(entry)
    except UNREADABLE as error:
        raise ConfigurationError(
            f"{path} is not a zip that can be read ({error}); pack it anew without a password, or give the folder"
        ) from None
