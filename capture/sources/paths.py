"""What a path leads to: a folder, a picture, a video, a camera, or nothing that can be read."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from capture.names import redact
from capture.sources.folder import FolderSource
from capture.sources.frame import Source
from capture.sources.images import ImageSource
from capture.sources.video import FileSource
from shared.errors import SourceError
from shared.formats import HEAD_BYTES, is_picture

_VIDEO4LINUX = 81  # the major number of its devices, in the kernel's devices.txt


def source_at(
    spec: str, camera: Callable[[str], Source], max_pixels: int, seconds_per_image: float, *, stills_stay: bool
) -> Source:
    """The source at a path, not yet opened; see `open_source`; `camera` makes that of a device.

    A file's first bytes say whether it is a picture.

    Raises:
        SourceError: a pipe, a socket or another device, or a file that is closed to us. One that is missing is refused
            when the source is opened.
    """
    path = _expanded(spec)
    label = redact(str(path))
    try:
        mode, device = _kind(path)
        if stat.S_ISDIR(mode):
            return FolderSource(path, max_pixels, seconds_per_image)
        if stat.S_ISCHR(mode):
            if sys.platform == "linux" and os.major(device) != _VIDEO4LINUX:
                raise SourceError(f"{label}: is a device, but no camera")
            return camera(str(path))
        if not stat.S_ISREG(mode):  # opening a pipe blocks
            raise SourceError(f"{label}: is no file, folder or camera")
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except FileNotFoundError:
        head = b""
    except OSError as error:
        raise SourceError(f"{label}: {error.strerror}") from error
    if is_picture(path.name, head):
        return ImageSource(path, max_pixels, seconds_per_image, stays=stills_stay)
    return FileSource(path, max_pixels)


def path_exists(spec: str) -> bool:
    """Whether a spec is a path that leads somewhere."""
    try:
        return _expanded(spec).exists()
    except OSError:
        return False


def _expanded(spec: str) -> Path:
    """The path with `~` and `~user` expanded; as in a shell, an unknown user's is left as it is."""
    try:
        return Path(spec).expanduser()
    except RuntimeError:
        return Path(spec)


def _kind(path: Path) -> tuple[int, int]:
    """A file's mode and, for a device, its number."""
    status = path.stat()
    return status.st_mode, status.st_rdev
