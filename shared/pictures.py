"""Reads a picture's file, whatever format it is in."""

import contextlib
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from shared.errors import SourceError
from shared.formats import PICTURE_FORMATS
from shared.pixels import DAMAGE, bgr

_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")  # several images in other formats are pages, layers or previews

_pillow = threading.Lock()


@dataclass(frozen=True, eq=False)
class Picture:
    """An image file's (first) image, (H, W, 3) uint8 BGR.

    Attributes:
        image: upright, see `bgr`.
        fault: why only a part of it could be decoded, None if it is whole.
        is_animated: there are more frames; this is the first.
    """

    image: NDArray[np.uint8]
    fault: str | None
    is_animated: bool


def load_picture(file: Path | IO[bytes], label: str, max_pixels: int, limit: str = "AFFECT_MAX_PIXELS") -> Picture:
    """Read an image file; one that is damaged, as far as it goes.

    Raises:
        SourceError: missing, not an image, damaged throughout, or above `max_pixels` (found from its header, before
            decoding). `label` names it, `limit` what raises the limit; '' where nothing does.
    """
    try:
        return _load(file, label, max_pixels, limit)
    except UnidentifiedImageError as error:
        raise SourceError(f"{label}: is not an image, or of a kind that cannot be read") from error
    except DAMAGE as error:
        if isinstance(error, OSError) and error.strerror:
            raise SourceError(f"{label}: {error.strerror}") from error
        refusal = SourceError(f"{label}: is a damaged image ({error})")
        try:
            picture = _load(file, label, max_pixels, limit, fault=f"{refusal}, shown as far as it goes")
        except DAMAGE:
            raise refusal from error
        if (picture.image == picture.image[0, 0]).all():  # what cannot be decoded becomes uniformly grey or black
            raise refusal from error
        return picture


def check_pixels(label: str, width: int, height: int, max_pixels: int, limit: str = "AFFECT_MAX_PIXELS") -> None:
    """Check an image against the pixel limit.

    Raises:
        SourceError: it has more than `max_pixels` pixels.
    """
    if width * height > max_pixels:
        remedy = "scale it down" + (f" or raise {limit}" if limit else "")
        raise SourceError(
            f"{label}: {width}x{height} = {width * height} pixels are more than the limit of {max_pixels}; {remedy}"
        )


@contextlib.contextmanager
def guarded(*, lenient: bool = False) -> Iterator[None]:
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


def _load(file: Path | IO[bytes], label: str, max_pixels: int, limit: str, fault: str | None = None) -> Picture:
    if not isinstance(file, Path):
        file.seek(0)
    with guarded(lenient=fault is not None), Image.open(file, formats=PICTURE_FORMATS) as image:
        check_pixels(label, image.width, image.height, max_pixels, limit)
        if not image.width * image.height:
            raise ValueError("without pixels")
        Image.MAX_IMAGE_PIXELS = max_pixels  # for what lies inside: an icon's picture may be larger than it says
        is_animated = image.format in _ANIMATED and getattr(image, "is_animated", False)
        image.load()
        return Picture(bgr(image), fault, is_animated)
