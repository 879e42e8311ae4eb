"""What is to be recorded: files, folders and patterns to clips, each with the name of its source and its folder."""

import glob
import mimetypes
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from recorder.readable import readable

_VIDEO = re.compile(
    r"\.(3gp|asf|avi|divx|dv|f4v|flv|gif|h26[45]|hevc|ivf|m2ts|m2v|m4v|mkv|mov|mp4|mpe?g|mts|mxf|nut|og[mv]|ts|vob|webm"
    r"|wmv|y4m)",
    re.IGNORECASE,
)
"""A folder's recordings are known by their suffix; a file that is named is tried whatever its suffix."""
_NAME_LENGTH = 32


class Clip(NamedTuple):
    """One recording to be made.

    `source` is its name on the bus, `folder` that of its tables, both unique; `stills`: pictures, each without a past.
    """

    source: str
    folder: str
    path: Path
    stills: bool = False


def find_clips(given: Sequence[str]) -> list[Clip]:
    """The clips that files, folders and patterns name, in this order and in natural order within each, each once.

    A folder's films become one clip each, its pictures together one. What is not there, and a folder without either, is
    a clip, too: recording it says why it cannot be read.
    """
    paths: dict[Path, bool] = {}
    for text in given:
        found = (not Path(text).exists() and _matching(text)) or [Path(text)]
        for path in sorted(found, key=_natural):
            paths |= _in_folder(path) if path.is_dir() else {path.absolute(): is_picture(path)}
    sources, folders = _Unique(), _Unique()
    return [
        Clip(sources.name(source_name(path)), folders.name(_stem(path)), path, stills) for path, stills in paths.items()
    ]


def _matching(pattern: str) -> list[Path]:
    return [Path(one) for one in glob.glob(pattern, recursive=True)]  # noqa: PTH207 — Path.glob takes no absolute one


def is_picture(path: Path) -> bool:
    """Whether the suffix is a picture's; an animation's GIF is a film."""
    kind = mimetypes.guess_type(path.name)[0] or ""
    return not _VIDEO.fullmatch(path.suffix) and kind.startswith("image/")


def source_name(path: Path) -> str:
    """The name of a file's source on the bus, `[a-z0-9_-]{1,32}`."""
    return re.sub(r"[^a-z0-9_]+", "-", _stem(path).lower()).strip("-")[:_NAME_LENGTH] or "source"


def _in_folder(folder: Path) -> dict[Path, bool]:
    """A folder's films, and the folder itself if there are pictures in it, neither, or if it cannot be listed."""
    try:
        entries = sorted((path for path in folder.iterdir() if not path.name.startswith(".")), key=_natural)
    except OSError:
        entries = []
    files = [path.absolute() for path in entries if path.is_file()]
    found = {path: False for path in files if _VIDEO.fullmatch(path.suffix)}
    if not found or any(is_picture(path) for path in files):
        found[folder.absolute()] = True
    return found


def _stem(path: Path) -> str:
    return readable(path.name if path.is_dir() else path.stem)


def _natural(path: Path) -> list[tuple[bool, int, str]]:
    parts: Iterable[tuple[str, str]] = re.findall(r"(\D+)|(\d+)", path.name)
    return [(text != "", int(digits or 0), text.lower()) for text, digits in parts]


class _Unique:
    """Numbers names that are taken: `clip`, `clip-2`. Names that differ in case alone are the same to some disks."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def name(self, wanted: str) -> str:
        number, unique = 1, wanted
        while unique.casefold() in self._taken:
            number += 1
            suffix = f"-{number}"
            short = wanted[: _NAME_LENGTH - len(suffix)] if len(wanted) <= _NAME_LENGTH else wanted
            unique = short + suffix
        self._taken.add(unique.casefold())
        return unique
