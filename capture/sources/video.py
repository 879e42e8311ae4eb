"""Video files, through OpenCV's FFmpeg back end."""

import os
from collections.abc import Generator
from itertools import count
from pathlib import Path

import cv2
import numpy as np

from capture.names import redact
from capture.sources.frame import Frame, check_pixels
from capture.sources.recording import Recording
from shared.errors import SourceError

BROKEN_PACKETS = 1000  # in a row; OpenCV reports them like the end of file, where a retry costs microseconds


def quiet_opencv() -> None:
    """Silence OpenCV and FFmpeg on stderr: sources report faults themselves, in one line."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET; read by OpenCV when it opens its first video
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class FileSource(Recording):
    """A video file (or animated GIF) with the container's own time stamps, so variable frame rates keep their times.

    `pts` is FFmpeg's presentation time minus the stream's start time, in seconds; rotation metadata is applied.
    """

    def __init__(self, path: Path, max_pixels: int):
        super().__init__(redact(str(path)))
        self._path = path
        self._max_pixels = max_pixels

    def _decode(self, start: int) -> Generator[Frame, None, None]:
        capture = self._opened()
        announced, pts = int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0.0
        certain = announced - self._rounding()
        try:
            for index in count():
                tries = 1 if 0 < certain <= index else BROKEN_PACKETS
                if not any(capture.grab() for _ in range(tries)):
                    break
                pts = max(pts, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
                if index < start:
                    continue
                ok, image = capture.retrieve()
                if not ok:
                    break
                check_pixels(self.label, image.shape[1], image.shape[0], self._max_pixels)
                yield Frame(np.asarray(image, np.uint8), pts, index)
        finally:
            capture.release()
        if index < certain:
            self.warnings.append(f"{self.label}: announces {announced} frames, {index} could be decoded")

    def _opened(self) -> cv2.VideoCapture:
        try:
            if self._path.stat().st_size == 0:
                raise SourceError(f"{self.label}: is empty (0 bytes)")
            with self._path.open("rb"):
                pass
        except OSError as error:
            raise SourceError(f"{self.label}: {error.strerror}") from error
        quiet_opencv()
        # absolute: a relative name with a colon would be parsed as a protocol
        path = str(self._path.absolute())
        # one thread: with more, FFmpeg conceals damage differently from run to run
        capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        if not capture.isOpened():
            raise SourceError(f"{self.label}: is not a video, or is damaged at its start or index")
        width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        check_pixels(self.label, int(width), int(height), self._max_pixels)
        return capture

    def _rounding(self) -> int:
        """By how many frames the announced count may be off: for Matroska FFmpeg estimates it from the duration."""
        with self._path.open("rb") as file:
            return int(file.read(4) == b"\x1a\x45\xdf\xa3")
