"""Cameras: what comes, at what time, and what a failure is called."""

from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from capture.sources import Asked, DeviceSource, SourceError, SourceUnavailable, camera_opens
from capture.sources.camera_format import MJPG

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


class Webcam(Camera):
    """One that gives 30 fps uncompressed at VGA, 10 at 720p, and 30 as JPEGs; larger sizes become 720p."""

    knows_jpeg = True

    def __init__(self, index: int):
        super().__init__(index)
        self.size, self.rate, self.jpeg = (640, 480), 30.0, False

    def set(self, what: int, value: float) -> bool:
        if what == cv2.CAP_PROP_FOURCC:
            self.jpeg = value == MJPG and self.knows_jpeg
            self.size = (640, 480)  # as drivers do
        elif what == cv2.CAP_PROP_FRAME_WIDTH:
            self.size = (640, 480) if value <= 640 else (1280, 720)
        elif what == cv2.CAP_PROP_FPS:
            self.rate = value
        return True

    def get(self, what: int) -> float:
        most = 30.0 if self.jpeg or self.size == (640, 480) else 10.0
        return {
            cv2.CAP_PROP_FRAME_WIDTH: self.size[0],
            cv2.CAP_PROP_FRAME_HEIGHT: self.size[1],
            cv2.CAP_PROP_FPS: min(self.rate, most),
            cv2.CAP_PROP_FOURCC: MJPG if self.jpeg else cv2.VideoWriter.fourcc(*"YUYV"),
        }[what]


@pytest.mark.parametrize(
    ("size", "fps", "knows_jpeg", "given", "is_enough"),
    [
        ((640, 480), None, True, "640x480 at 30 fps, YUYV", True),
        ((1280, 720), None, True, "1280x720 at 30 fps, MJPG", True),
        ((1280, 720), 30.0, True, "1280x720 at 30 fps, MJPG", True),
        ((1280, 720), 10.0, True, "1280x720 at 10 fps, YUYV", True),
        (None, 15.0, True, "640x480 at 15 fps, YUYV", True),
        ((1280, 720), 29.97, False, "1280x720 at 10 fps, YUYV", False),
        ((1920, 1080), 60.0, True, "1280x720 at 30 fps, MJPG", False),
    ],
)
def test_a_format_is_asked_for_and_what_is_given_is_told(
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int] | None,
    fps: float | None,
    knows_jpeg: bool,
    given: str,
    is_enough: bool,
) -> None:
    """JPEGs where the camera's own format is too slow; the label has what came of it, a warning what did not."""
    monkeypatch.setattr(cv2, "VideoCapture", Webcam)
    monkeypatch.setattr(Webcam, "knows_jpeg", knows_jpeg)
    source = DeviceSource(0, lambda: 0.0, LIMIT, Asked(size, fps))
    assert source.label == "camera 0"
    for _ in range(2):
        source.open()
        assert source.label == f"camera 0 ({given})"
        assert source.warnings == ([] if is_enough else [f"camera 0: asked for {Asked(size, fps)}, it gives {given}"])


def test_a_camera_that_says_nothing_about_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver without properties is taken at its size."""
    monkeypatch.setattr(cv2, "VideoCapture", Webcam)
    monkeypatch.setattr(Webcam, "get", lambda self, what: {3: 640.0, 4: 480.0}.get(what, -1.0))
    source = DeviceSource(0, lambda: 0.0, LIMIT, Asked((640, 480), 30.0))
    source.open()
    assert (source.label, source.warnings) == ("camera 0 (640x480)", [])


def test_a_camera_is_left_alone_if_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Setting a camera, even to what it gives anyway, restarts it."""
    monkeypatch.setattr(cv2, "VideoCapture", Camera)  # which can be neither set nor asked
    source = DeviceSource(0, lambda: 0.0, LIMIT, Asked())
    source.open()
    assert source.label == "camera 0"
