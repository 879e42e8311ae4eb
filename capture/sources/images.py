"""A picture or an animation as a recording."""

from collections.abc import Generator
from itertools import count
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from capture.names import redact
from capture.sources.frame import Frame
from capture.sources.recording import Recording
from shared.formats import PICTURE_FORMATS
from shared.pictures import check_pixels, guarded, load_picture
from shared.pixels import DAMAGE, bgr

_LEAST_MS, _DEFAULT_MS = 11.0, 100.0  # browsers show frames without a reasonable duration for 100 ms


class ImageSource(Recording):
    """An image, or an animation with its own frame times. With `stays` a still image repeats endlessly."""

    def __init__(self, path: Path, max_pixels: int, seconds_per_image: float = 1.0, *, stays: bool = False):
        super().__init__(redact(str(path)))
        self._path = path
        self._max_pixels = max_pixels
        self._seconds = seconds_per_image
        self._stays = stays

    def _decode(self) -> Generator[Frame, None, None]:
        picture = load_picture(self._path, self.label, self._max_pixels)
        if picture.fault:
            self.warnings.append(picture.fault)
        if picture.is_animated:
            frames = animate(self._path, self.label, self._max_pixels, self.warnings)
            yield from (frame for frame in frames if self._wants(frame.index, frame.pts))
            return
        for index in count() if self._stays else range(1):
            if self._wants(index, index * self._seconds):
                yield Frame(picture.image, index * self._seconds, index)


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
    with guarded():
        animation = Image.open(file, formats=PICTURE_FORMATS)
    with animation:
        first = int(animation.info.get("default_image", False))  # a PNG's still for those who cannot animate
        for number in count(first):
            with guarded():
                try:
                    animation.seek(number)
                except EOFError:
                    return
                check_pixels(label, animation.width, animation.height, max_pixels)
                animation.load()
                image, shown_ms = bgr(animation), float(animation.info.get("duration") or 0.0)
            yield image, pts
            pts += (shown_ms if shown_ms >= _LEAST_MS else _DEFAULT_MS) / 1000
