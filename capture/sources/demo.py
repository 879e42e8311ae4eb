"""The demo as a source."""

from collections.abc import Generator
from itertools import count

from capture.demo import demo_frame
from capture.sources.frame import Frame
from capture.sources.recording import Recording


class DemoSource(Recording):
    """A real face with no camera needed (`capture.demo`): endless, or `seconds` long."""

    def __init__(self, size: tuple[int, int] = (1280, 720), fps: float = 30.0, seconds: float | None = None):
        super().__init__("demo")
        self._size = size
        self._fps = fps
        self._count = None if seconds is None else round(seconds * fps)

    def _decode(self) -> Generator[Frame, None, None]:
        for index in count() if self._count is None else range(self._count):
            if self._wants(index, index / self._fps):
                yield Frame(demo_frame(index, self._size, self._fps), index / self._fps, index)
