"""Pictures made for the capture's tests, and how they come out."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from capture.sources import ImageSource

LIMIT = 10_000


def opened(path: Path, seconds: float = 1.0, limit: int = LIMIT) -> ImageSource:
    """The source, open."""
    source = ImageSource(path, limit, seconds)
    source.open()
    return source


def image_of(path: Path) -> np.ndarray:
    """Its only frame's image."""
    frame = opened(path).read()
    assert frame is not None
    assert frame.image.dtype == np.uint8
    assert frame.image.flags.c_contiguous
    return frame.image


def save(path: Path, pixels: np.ndarray, **options: Any) -> Path:
    """Write an image in the format of the suffix."""
    Image.fromarray(pixels).save(path, **options)
    return path
