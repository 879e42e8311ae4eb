"""Network streams: frames arrive at their own rate and are lost if not read."""

from abc import ABC, abstractmethod
from typing import ClassVar

import cv2
import numpy as np

from capture.names import redact
from capture.sources.device import Clock
from capture.sources.frame import Frame, SourceUnavailable, check_pixels
from capture.sources.video import quiet_opencv
from shared.errors import SourceError

STREAM_SCHEMES = ("http", "https", "rtmp", "rtp", "rtsp", "rtsps", "srt", "tcp", "udp")


class LiveSource(ABC):
    """A stream; a subclass opens it. `clock` returns monotonic seconds."""

    live_only: ClassVar[bool] = True
    _likely: ClassVar[str]
    paced: bool = False
    starts_s: ClassVar[float] = 0.0

    def __init__(self, label: str, clock: Clock, max_pixels: int):
        self.label = label
        self.warnings: list[str] = []
        self._clock = clock
        self._max_pixels = max_pixels
        self._capture: cv2.VideoCapture | None = None
        self._index = 0
        self._started = 0.0

    @abstractmethod
    def _connect(self) -> cv2.VideoCapture:
        """An OpenCV capture, open or not."""

    def open(self) -> None:
        """Connect; see `Source.open`."""
        self.close()
        quiet_opencv()
        capture = self._connect()
        if not capture.isOpened():
            raise SourceUnavailable(f"{self.label}: cannot be opened ({self._likely})")
        self._capture, self._index = capture, 0

    def skip_to(self, index: int) -> None:
        """Always refused: a live source cannot seek."""
        raise SourceError(f"{self.label}: a live source cannot skip to frame {index}; use a file")

    def read(self) -> Frame | None:
        """Wait for the next frame; see `Source.read`."""
        if self._capture is None:
            raise SourceUnavailable(f"{self.label}: is not open")
        asked = self._clock()
        ok, image = self._capture.read()
        now = self._clock()
        if not ok:
            return self._failed(now - asked)
        check_pixels(self.label, image.shape[1], image.shape[0], self._max_pixels)
        if self._index == 0:
            self._started = now
        frame = Frame(np.asarray(image, np.uint8), self._pts(self._capture, now - self._started), self._index)
        self._index += 1
        return frame

    def _pts(self, _capture: cv2.VideoCapture, elapsed: float) -> float:
        return elapsed

    def _failed(self, waited: float) -> Frame | None:
        raise SourceUnavailable(f"{self.label}: no frame {self._index}, after {waited:.1f} s of waiting for it")

    def close(self) -> None:
        """Disconnect."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


class UrlSource(LiveSource):
    """A network stream (`rtsp://`, `http://`, …); `stall_seconds` is the timeout to connect and for every frame.

    A URL that turns out to be a recording (it announces a frame count) is paced by the container's time stamps and has
    an end.
    """

    _likely = "no answer in time, or no video there"

    def __init__(self, url: str, clock: Clock, max_pixels: int, stall_seconds: float = 5.0):
        super().__init__(redact(url), clock, max_pixels)
        self._url = url
        self._stall_ms = round(stall_seconds * 1000)
        self._announced = 0

    def _connect(self) -> cv2.VideoCapture:
        scheme = self._url.partition("://")[0].lower()
        if scheme not in STREAM_SCHEMES:
            raise SourceError(f"{self.label}: no stream is read from {scheme}://, but from {', '.join(STREAM_SCHEMES)}")
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, self._stall_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, self._stall_ms]
        capture = cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, limits)
        self._announced = max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        self.paced = self._announced > 0
        return capture

    def _pts(self, capture: cv2.VideoCapture, elapsed: float) -> float:
        return float(capture.get(cv2.CAP_PROP_POS_MSEC)) / 1000 if self.paced else elapsed

    def _failed(self, waited: float) -> Frame | None:
        if self.paced and self._index >= self._announced - 1:
            return None
        return super()._failed(waited)
