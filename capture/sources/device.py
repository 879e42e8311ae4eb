"""Cameras of this machine, through OpenCV."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from capture.names import device_of, redact
from capture.sources.camera_format import Asked, negotiate
from capture.sources.frame import Frame, SourceUnavailable
from shared.errors import SourceError
from shared.pictures import check_pixels

Clock = Callable[[], float]


class DeviceSource:
    """A camera of this machine by its index or the path of its device; `clock` returns monotonic seconds.

    If a format is asked for, the label of the open camera says what it gives, and a warning if that is not enough.
    """

    live_only: ClassVar[bool] = True
    paced: ClassVar[bool] = False
    starts_s: ClassVar[float] = 0.0

    def __init__(self, device: int | str, clock: Clock, max_pixels: int, asked: Asked | None = None):
        self.label = self._name = f"camera {redact(str(device))}"
        self.warnings: list[str] = []
        self._device = device
        self._asked = asked or Asked()
        self._clock = clock
        self._max_pixels = max_pixels
        self._capture: cv2.VideoCapture | None = None
        self._index = 0
        self._started = 0.0

    def open(self) -> None:
        """Connect; see `Source.open`."""
        self.close()
        self.label, self.warnings = self._name, []
        capture = _connect(self._device)
        if not capture.isOpened():
            capture.release()
            raise SourceUnavailable(f"{self.label}: cannot be opened (not there, in use, or not permitted)")
        self._capture, self._index = capture, 0
        if self._asked:
            given = negotiate(capture, self._asked)
            self.label = f"{self._name} ({given})"
            if not given.is_enough(self._asked):
                self.warnings.append(f"{self._name}: asked for {self._asked}, it gives {given}")

    def skip_to(self, index: int) -> None:
        """Always refused: a camera cannot seek."""
        raise SourceError(f"{self.label}: a live source cannot skip to frame {index}; use a file")

    def read(self) -> Frame | None:
        """Wait for the next frame; see `Source.read`."""
        if self._capture is None:
            raise SourceUnavailable(f"{self.label}: is not open")
        asked = self._clock()
        ok, image = self._capture.read()
        now = self._clock()
        if not ok:
            raise SourceUnavailable(
                f"{self.label}: no frame {self._index}, after {now - asked:.1f} s of waiting for it"
            )
        check_pixels(self.label, image.shape[1], image.shape[0], self._max_pixels)
        if self._index == 0:
            self._started = now
        frame = Frame(np.asarray(image, np.uint8), now - self._started, self._index)
        self._index += 1
        return frame

    def close(self) -> None:
        """Disconnect."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def camera_opens(device: int | str) -> bool:
    """Whether this camera exists and is free."""
    capture = _connect(device)
    try:
        return bool(capture.isOpened())
    finally:
        capture.release()


def _connect(device: int | str) -> cv2.VideoCapture:
    """An OpenCV capture, open or not; OpenCV says nothing on stderr, as faults are told in one line.

    A link is followed at every opening: a camera that is plugged in again may get another number.
    """
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    if isinstance(device, int):
        return cv2.VideoCapture(device)
    target = str(Path(device).resolve())
    index = device_of(target)
    return cv2.VideoCapture(index) if isinstance(index, int) else cv2.VideoCapture(target, cv2.CAP_V4L2)
