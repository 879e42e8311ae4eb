"""Video files, through FFmpeg's libraries."""

import os
from collections.abc import Callable, Generator
from pathlib import Path

import av
import cv2

from capture.names import redact
from capture.sources.deinterlace import Deinterlacer
from capture.sources.frame import Frame
from capture.sources.media import Decoded, Media, because
from capture.sources.picture import Painter
from capture.sources.recording import Recording
from shared.errors import SourceError


def quiet_opencv() -> None:
    """Silence OpenCV and FFmpeg on stderr: sources report faults themselves, in one line."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET; read by OpenCV when it opens its first video
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def shots(media: Media, wants: Callable[[int, float], bool] | None = None) -> Generator[Frame, None, None]:
    """The frames of a medium as pictures: all, or those that are wanted by their number and `pts`.

    The others go the same way, except that they are not converted: in a damaged picture FFmpeg may leave what its
    buffer held before, so buffers must be taken and given back in the same order in every run.
    """
    deinterlacer = Deinterlacer[tuple[int, Decoded]](media.time_base)
    painter = Painter(media.label)

    def painted(ready: list[tuple[tuple[int, Decoded], av.VideoFrame]]) -> Generator[Frame, None, None]:
        for (index, decoded), frame in ready:
            if wants is None or wants(index, decoded.pts):
                yield Frame(painter.paint(frame, decoded.size), decoded.pts, index, jump_s=decoded.jump_s)
            else:
                painter.look_at(frame)

    for index, decoded in enumerate(media.frames()):
        yield from painted(deinterlacer.push((index, decoded), decoded.frame))
    yield from painted(deinterlacer.flush())


class FileSource(Recording):
    """A video file (or animated GIF) with the container's own time stamps, so variable frame rates keep their times."""

    def __init__(self, path: Path, max_pixels: int):
        super().__init__(redact(str(path)))
        self._path = path
        self._max_pixels = max_pixels

    def _decode(self) -> Generator[Frame, None, None]:
        media = self._opened()
        self.starts_s = media.starts_s
        try:
            yield from shots(media, self._wants)
        finally:
            media.close()
        self.warnings += media.faults()

    def _opened(self) -> Media:
        try:
            if self._path.stat().st_size == 0:
                raise SourceError(f"{self.label}: is empty (0 bytes)")
            with self._path.open("rb"):
                pass
        except OSError as error:
            raise SourceError(f"{self.label}: {error.strerror}") from error
        try:
            # absolute: a relative name with a colon would be parsed as a protocol
            return Media(str(self._path.absolute()), self.label, self._max_pixels)
        except av.FFmpegError as error:
            raise SourceError(
                f"{self.label}: is not a video, or is damaged at its start or index ({because(error)})"
            ) from error
