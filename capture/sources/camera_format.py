"""A camera's size and rate: what is asked of it, and what it gives."""

from dataclasses import dataclass

import cv2

MJPG = cv2.VideoWriter.fourcc(*"MJPG")

_FLUENT_FPS = 24.0  # what a camera should reach if no rate is asked for
_ENOUGH = 0.95  # of the rate: 29.97 is 30


@dataclass(frozen=True)
class Asked:
    """What is asked of a camera; None: what it gives by itself.

    Attributes:
        size: (width, height) in pixels.
        fps: frames per second.
    """

    size: tuple[int, int] | None = None
    fps: float | None = None

    def __bool__(self) -> bool:
        return self.size is not None or self.fps is not None

    def __str__(self) -> str:
        return _words(self.size, self.fps)


@dataclass(frozen=True)
class Given:
    """What a camera says it gives.

    Attributes:
        size: (width, height) in pixels.
        fps: frames per second; 0 if it does not say.
        fourcc: how it sends them, as in OpenCV; 0 if it does not say.
    """

    size: tuple[int, int]
    fps: float
    fourcc: int

    def __str__(self) -> str:
        code = self.fourcc.to_bytes(4, "little").decode("latin-1").strip()
        return _words(self.size, self.fps) + (f", {code}" if code.isprintable() and code else "")

    def is_enough(self, asked: Asked) -> bool:
        """Whether it is the size asked for, and fast enough."""
        return self.rank(asked) == (True, True, 0.0)

    def rank(self, asked: Asked) -> tuple[bool, bool, float]:
        """Orders what a camera can give, the best last: of the right size, fast enough, else as fast as possible."""
        fast = self.fps <= 0 or self.fps >= _ENOUGH * (asked.fps or _FLUENT_FPS)
        return asked.size in (None, self.size), fast, 0.0 if fast else self.fps


def negotiate(camera: cv2.VideoCapture, asked: Asked) -> Given:
    """Set an open camera to what is asked for, as far as it can, and return what it gives.

    If its own way of sending frames, mostly uncompressed, is too slow or too small for that, it is asked for JPEGs.
    """
    own = _set(camera, asked)
    if own.is_enough(asked) or own.fourcc == MJPG:
        return own
    jpegs = _set(camera, asked, MJPG)
    return jpegs if jpegs.rank(asked) > own.rank(asked) else _set(camera, asked, own.fourcc)


def _set(camera: cv2.VideoCapture, asked: Asked, fourcc: int = 0) -> Given:
    if fourcc:
        camera.set(cv2.CAP_PROP_FOURCC, fourcc)
    if asked.size is not None:
        camera.set(cv2.CAP_PROP_FRAME_WIDTH, asked.size[0])
        camera.set(cv2.CAP_PROP_FRAME_HEIGHT, asked.size[1])
    if asked.fps is not None:
        camera.set(cv2.CAP_PROP_FPS, asked.fps)
    size = int(camera.get(cv2.CAP_PROP_FRAME_WIDTH)), int(camera.get(cv2.CAP_PROP_FRAME_HEIGHT))
    return Given(size, float(camera.get(cv2.CAP_PROP_FPS)), max(0, int(camera.get(cv2.CAP_PROP_FOURCC))))


def _words(size: tuple[int, int] | None, fps: float | None) -> str:
    shown_size = f"{size[0]}x{size[1]}" if size else ""
    shown_fps = f"{fps:.4g} fps" if fps and fps > 0 else ""
    return " at ".join(filter(None, (shown_size, shown_fps)))
