"""Cameras: what comes, at what time, and what a failure is called."""

from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.sources import DeviceSource, SourceError, SourceUnavailable, camera_opens

LIMIT = 1_000_000
FRAMES = 4


class Camera:
    """A cv2.VideoCapture that gives a few frames and then fails, as an unplugged camera does."""

    def __init__(self, index: int):
        self.left = FRAMES if index == 0 else 0
        self.released = False

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self.left > 0

    def read(self) -> tuple[bool, np.ndarray | None]:
        self.left -= 1
        return (True, np.full((4, 6, 3), self.left, np.uint8)) if self.left >= 0 else (False, None)

    def release(self) -> None:
        self.released = True


def test_a_camera_until_it_is_unplugged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames are timed by the given clock, from the first on; a failure is SourceUnavailable; it can be reopened."""
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    ticks = count(100)
    source = DeviceSource(0, lambda: float(next(ticks)), LIMIT)
    for _ in range(2):
        source.open()
        frames = [source.read() for _ in range(FRAMES)]
        assert [(f.index, f.pts, f.last) for f in frames if f] == [(n, 2.0 * n, False) for n in range(FRAMES)]
        with pytest.raises(SourceUnavailable, match="camera 0: no frame 4"):
            source.read()
        source.close()
    with pytest.raises(SourceUnavailable, match="camera 0: is not open"):
        source.read()


def test_a_camera_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that does not open may yet be plugged in; `camera_opens` tells the same without an exception."""
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    with pytest.raises(SourceUnavailable, match="camera 7: cannot be opened"):
        DeviceSource(7, lambda: 0.0, LIMIT).open()
    assert camera_opens(0)
    assert not camera_opens(7)


def test_a_camera_above_the_pixel_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that sends too large frames will not get better by waiting."""
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    source = DeviceSource(0, lambda: 0.0, 23)
    source.open()
    with pytest.raises(SourceError, match="6x4 = 24 pixels are more than the limit of 23"):
        source.read()


def test_a_link_is_followed_at_every_opening(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A camera that is plugged in again may get another number; what is no numbered device is opened by its path."""
    opened: list[tuple[object, ...]] = []

    def capture(*what: object) -> Camera:
        opened.append(what)
        return Camera(0)

    monkeypatch.setattr(cv2, "VideoCapture", capture)
    link = tmp_path / "by-id"
    source = DeviceSource(str(link), lambda: 0.0, LIMIT)
    for number in (3, 12):
        link.unlink(missing_ok=True)
        link.symlink_to(f"/dev/video{number}")
        source.open()
    link.unlink()
    source.open()
    assert opened == [(3,), (12,), (str(link), cv2.CAP_V4L2)]
