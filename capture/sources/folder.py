"""A folder of pictures as a slow video."""

import os
import re
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

from capture.names import redact
from capture.sources.frame import Frame
from capture.sources.recording import Recording
from shared.errors import SourceError
from shared.formats import HEAD_BYTES, PICTURE_SUFFIXES, is_picture, is_video
from shared.pictures import load_picture

_NAMED = 3


class FolderSource(Recording):
    """A folder's pictures in natural order (2 before 10), `seconds_per_image` apart.

    What is no picture, what cannot be decoded and what exceeds the pixel limit is left out with a warning; `index`
    counts the others. Of an animation the first frame is shown.
    """

    def __init__(self, path: Path, max_pixels: int, seconds_per_image: float = 1.0):
        super().__init__(redact(str(path)))
        self._path = path
        self._max_pixels = max_pixels
        self._seconds = seconds_per_image

    def _decode(self) -> Generator[Frame, None, None]:
        pictures, others = list_folder(self._path)
        left_out = _counted(others)
        if not pictures:
            raise SourceError(f"{self.label}: a folder without pictures" + (left_out and f"; left out: {left_out}"))
        if left_out:
            self.warnings.append(f"{self.label}: left out: {left_out}")
        index, animations = 0, []
        for path in pictures:
            try:
                picture = load_picture(path, redact(str(path)), self._max_pixels)
            except SourceError as error:
                self.warnings.append(f"left out: {error}")
                continue
            if picture.fault:
                self.warnings.append(picture.fault)
            if picture.is_animated:
                animations.append(path.name)
            if self._wants(index, index * self._seconds):
                yield Frame(picture.image, index * self._seconds, index)
            index += 1
        if index == 0:
            raise SourceError(f"{self.label}: none of its {len(pictures)} pictures can be used; {self.warnings[-1]}")
        if animations:
            self.warnings.append(f"{self.label}: only the first frame of {_counted({'animation': animations})}")


def list_folder(folder: Path) -> tuple[list[Path], dict[str, list[str]]]:
    """The pictures in a folder (not below it), and the names of all other entries by what they are, in natural order.

    A file whose suffix is a picture's counts as one; others are known by their first bytes. Nothing but regular files
    without a leading dot is opened.

    Raises:
        SourceError: the folder cannot be listed.
    """
    try:
        with os.scandir(folder) as listing:  # which knows files from folders without asking for each
            entries = sorted(listing, key=lambda entry: (_natural(entry.name), entry.name))
    except OSError as error:
        raise SourceError(f"{redact(str(folder))}: {error.strerror}") from error
    pictures, others = [], defaultdict(list)
    for entry in entries:
        kind = _kind(entry)
        if kind is None:
            pictures.append(folder / entry.name)
        else:
            others[kind].append(entry.name)
    return pictures, dict(others)


def _kind(entry: os.DirEntry[str]) -> str | None:
    """What an entry is, in the singular; None: a picture."""
    path = Path(entry)
    if entry.name.startswith("."):
        return "hidden file"
    try:
        if entry.is_dir():
            return "folder"
        if not entry.is_file():
            return "special file" if path.exists() else "broken link"
        if path.suffix.lower() in PICTURE_SUFFIXES:
            return None
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return "unreadable file"
    if is_picture(entry.name, head):
        return None
    return "video" if is_video(head) else "other file"


def _counted(names: dict[str, list[str]]) -> str:
    """As in `2 videos (a.mp4, b.mov), 1 folder (sub)`, with the first few names of each kind."""
    return ", ".join(
        f"{len(some)} {kind}{'s' * (len(some) > 1)} ({redact(', '.join(some[:_NAMED]))}{', …' * (len(some) > _NAMED)})"
        for kind, some in sorted(names.items())
    )


def _natural(name: str) -> list[tuple[bool, int, str]]:
    return [(text != "", int(digits or 0), text.lower()) for text, digits in re.findall(r"(\D+)|(\d+)", name)]
