"""A picture or an animation as a recording."""

import contextlib
import threading
import warnings
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from capture.names import redact
from capture.sources.formats import PICTURE_FORMATS
from capture.sources.frame import Frame, check_pixels
from capture.sources.pixels import DAMAGE, bgr
from capture.sources.recording import Recording
from shared.errors import SourceError

_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")  # several images in other formats are pages, layers or previews
_LEAST_MS, _DEFAULT_MS = 11.0, 100.0  # browsers show frames without a reasonable duration for 100 ms

_pillow = threading.Lock()


@dataclass(frozen=True, eq=False)
class Picture:
    """An image file's (first) image, (H, W, 3) uint8 BGR.

    Attributes:
        image: upright, see `bgr`.
        fault: why only a part of it could be decoded, None if it is whole.
        is_animated: there are more frames, see `animate`.
    """

    image: NDArray[np.uint8]
    fault: str | None
    is_animated: bool


class ImageSource(Recording):
    """An image, or an animation with its own frame times. With `stays` a still image repeats endlessly."""

    def __init__(self, path: Path, max_pixels: int, seconds_per_image: float = 1.0, *, stays: bool = False):
        super().__init__(redact(str(path)))
        self._path = path
        self._max_pixels = max_pixels
        self._seconds = seconds_per_image
        self._stays = stays

    def _decode(self, start: int) -> Generator[Frame, None, None]:
        picture = load_picture(self._path, self.label, self._max_pixels)
        if picture.fault:
            self.warnings.append(picture.fault)
        if picture.is_animated:
            frames = animate(self._path, self.label, self._max_pixels, self.warnings)
            yield from (frame for frame in frames if frame.index >= start)
            return
        for index in count(start) if self._stays else range(start, 1):
            yield Frame(picture.image, index * self._seconds, index)


def load_picture(file: Path | IO[bytes], label: str, max_pixels: int) -> Picture:
    """Read an image file; one that is damaged, as far as it goes.

    Raises:
        SourceError: missing, not an image, damaged throughout, or above `max_pixels` (found from its header, before
            decoding). `label` names it.
    """
    try:
        return _load(file, label, max_pixels)
    except UnidentifiedImageError as error:
        raise SourceError(f"{label}: is not an image, or of a kind that cannot be read") from error
    except DAMAGE as error:
        if isinstance(error, OSError) and error.strerror:
            raise SourceError(f"{label}: {error.strerror}") from error
        refusal = SourceError(f"{label}: is a damaged image ({error})")
        try:
            picture = _load(file, label, max_pixels, fault=f"{refusal}, shown as far as it goes")
        except DAMAGE:
            raise refusal from error
        if (picture.image == picture.image[0, 0]).all():  # what cannot be decoded becomes uniformly grey or black
            raise refusal from error
        return picture


def animate(file: Path | IO[bytes], label: str, max_pixels: int, damage: list[str]) -> Generator[Frame, None, None]:
    """An animation's frames; if one cannot be decoded, those before it, and a line is added to `damage`.

    Raises:
        SourceError: a frame above `max_pixels`. `label` names the animation.
    """
    index = -1
    try:
        for index, (image, pts) in enumerate(_play(file, label, max_pixels)):
            yield Frame(image, pts, index)
    except DAMAGE as error:
        damage.append(f"{label}: is damaged behind its frame {index} ({error})")


def _play(
    file: Path | IO[bytes], label: str, max_pixels: int
) -> Generator[tuple[NDArray[np.uint8], float], None, None]:
    """(image, pts) of each frame."""
    pts = 0.0
    with _guarded():
        animation = Image.open(file, formats=PICTURE_FORMATS)
    with animation:
        first = int(animation.info.get("default_image", False))  # a PNG's still for those who cannot animate
        for number in count(first):
            with _guarded():
                try:
                    animation.seek(number)
                except EOFError:
                    return
                check_pixels(label, animation.width, animation.height, max_pixels)
                animation.load()
                image, shown_ms = bgr(animation), float(animation.info.get("duration") or 0.0)
            yield image, pts
            pts += (shown_ms if shown_ms >= _LEAST_MS else _DEFAULT_MS) / 1000


def _load(file: Path | IO[bytes], label: str, max_pixels: int, fault: str | None = None) -> Picture:
    if not isinstance(file, Path):
        file.seek(0)
    with _guarded(lenient=fault is not None), Image.open(file, formats=PICTURE_FORMATS) as image:
        check_pixels(label, image.width, image.height, max_pixels)
        if not image.width * image.height:
            raise ValueError("without pixels")
        Image.MAX_IMAGE_PIXELS = max_pixels  # for what lies inside: an icon's picture may be larger than it says
        is_animated = image.format in _ANIMATED and getattr(image, "is_animated", False)
        image.load()
        return Picture(bgr(image), fault, is_animated)


@contextlib.contextmanager
def _guarded(*, lenient: bool = False) -> Iterator[None]:
    """Turn off Pillow's own pixel limit, in favour of ours, and its warnings of damaged metadata.

    `lenient`: decode damaged files as far as they go. All three are process-wide, hence the lock.
    """
    with _pillow, warnings.catch_warnings(action="ignore"):
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        strict, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, lenient
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit
            ImageFile.LOAD_TRUNCATED_IMAGES = strict
