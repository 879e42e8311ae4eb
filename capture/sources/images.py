"""An image, or a folder of images, as a slow video."""

import contextlib
import re
import struct
import threading
import warnings
from collections.abc import Generator, Iterator
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from capture.names import redact
from capture.sources.frame import Frame, check_pixels
from capture.sources.recording import Recording
from shared.errors import SourceError

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pnm", ".jp2", ".avif"}
)

_OTHERS = (struct.error, Image.DecompressionBombError)
_pillow = threading.Lock()


class ImageSource(Recording):
    """An image, or a folder's images in natural order (2 before 10), `seconds_per_image` apart.

    In a folder, images that cannot be decoded or exceed the pixel limit are left out with a warning; `index` counts the
    others. With `stays` a single image repeats endlessly.
    """

    def __init__(self, path: Path, max_pixels: int, seconds_per_image: float = 1.0, *, stays: bool = False):
        super().__init__(redact(str(path)))  # a URL missing a slash parses as a path
        self._path = path
        self._max_pixels = max_pixels
        self._seconds = seconds_per_image
        self._stays = stays

    def _decode(self, start: int) -> Generator[Frame, None, None]:
        if not self._path.is_dir():
            image = load_image(self._path, self._max_pixels)
            for index in count(start) if self._stays else range(start, 1):
                yield Frame(image, index * self._seconds, index)
            return
        index = 0
        for path in folder_images(self._path):
            try:
                image = load_image(path, self._max_pixels)
            except SourceError as error:
                self.warnings.append(f"left out: {error}")
                continue
            if index >= start:
                yield Frame(image, index * self._seconds, index)
            index += 1
        if index == 0:
            raise SourceError(f"{self.label}: none of its {len(self.warnings)} images can be used; {self.warnings[0]}")


def folder_images(folder: Path) -> list[Path]:
    """The images in a folder (not below it) by their suffix, without hidden files, in natural order.

    Raises:
        SourceError: the folder cannot be listed or holds no image.
    """
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        raise SourceError(f"{redact(str(folder))}: {error.strerror}") from error
    images = [path for path in entries if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")]
    if not images:
        raise SourceError(f"{redact(str(folder))}: a folder without images ({' '.join(sorted(IMAGE_SUFFIXES))})")
    return sorted(images, key=lambda path: (_natural(path.name), path.name))


def load_image(path: Path, max_pixels: int) -> NDArray[np.uint8]:
    """An image file as a frame: (H, W, 3) uint8 BGR, upright by its EXIF orientation.

    Grey becomes BGR, 16 bits become the upper 8, transparency is composited on black. Animations yield one frame.

    Raises:
        SourceError: missing, not an image, damaged, or above `max_pixels` (found from its header, before decoding).
    """
    shown = redact(str(path))
    try:
        with _unguarded(), Image.open(path) as image:
            check_pixels(shown, image.width, image.height, max_pixels)
            Image.MAX_IMAGE_PIXELS = max_pixels  # for what lies inside: an icon's picture may be larger than it says
            return _bgr(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise SourceError(f"{shown}: is not an image") from error
    except FileNotFoundError as error:
        raise SourceError(f"{shown}: {error.strerror}") from error
    except (OSError, SyntaxError, ValueError, TypeError, LookupError, RuntimeError, *_OTHERS) as error:
        # Pillow's decoders raise any of these on damaged files
        raise SourceError(f"{shown}: is a damaged image ({error})") from error


@contextlib.contextmanager
def _unguarded() -> Iterator[None]:
    """Turn off Pillow's own pixel limit, in favour of ours, and its warnings of damaged metadata.

    Both are process-wide, hence the lock.
    """
    with _pillow, warnings.catch_warnings(action="ignore"):
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _bgr(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith("I"):  # 16-bit grey; Pillow would clip it at 255
        grey = (np.asarray(image).clip(0, 65535).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image.convert("RGBA"))
    return np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1])


def _natural(name: str) -> list[tuple[bool, int, str]]:
    return [(text != "", int(digits or 0), text.lower()) for text, digits in re.findall(r"(\D+)|(\d+)", name)]
