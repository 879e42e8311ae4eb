"""The base of sources with an end: one frame of look-ahead, and seeking by number or time, exact to the frame."""

from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import replace
from typing import ClassVar

from capture.sources.frame import Frame
from shared.errors import SourceError


class Recording(ABC):
    """A source that yields the same frames every time. A subclass implements decoding from the start.

    Seeking decodes whatever lies before. A key frame's number is known only so: a damaged packet gives no frame, and
    what FFmpeg shows in a damaged picture depends on the pictures before it.
    """

    live_only: ClassVar[bool] = False
    paced: ClassVar[bool] = True

    def __init__(self, label: str):
        self.label = label
        self.starts_s = 0.0
        self.warnings: list[str] = []
        self._first = 0
        self._first_s = 0.0
        self._frames = self._decode()
        self._ahead: Frame | None = None

    @abstractmethod
    def _decode(self) -> Generator[Frame, None, None]:
        """The frames that are wanted, see `_wants`, from the first on; closing the generator closes its file."""

    def open(self) -> None:
        """Start at the first frame; see `Source.open`."""
        self._restart()
        if self._ahead is None:
            raise SourceError(f"{self.label}: no frame in it can be decoded")

    def skip_to(self, index: int) -> None:
        """Make frame `index` the next one read; beyond the end, there is none."""
        self._go_to(index, 0.0, is_behind=self._ahead is not None and self._ahead.index <= index)

    def seek(self, pts: float) -> None:
        """Make the first frame at `pts` seconds or later the next one read; beyond the end, there is none."""
        self._go_to(0, pts, is_behind=self._ahead is not None and self._ahead.pts <= pts)

    def read(self) -> Frame | None:
        """The next frame; None at the end of the media."""
        frame = self._ahead
        if frame is None:
            return None
        self._ahead = next(self._frames, None)
        return replace(frame, last=True) if self._ahead is None else frame

    def close(self) -> None:
        """Close the file."""
        self._frames.close()
        self._ahead = None

    def _wants(self, index: int, pts: float) -> bool:
        """Whether the frame with this number and time is to be read, now; if not, no picture is made of it."""
        return index >= self._first and pts >= self._first_s

    def _go_to(self, index: int, pts: float, *, is_behind: bool) -> None:
        if not is_behind:
            self._restart(index, pts)
            return
        self._first, self._first_s = index, pts
        if self._ahead is not None and not self._wants(self._ahead.index, self._ahead.pts):
            self._ahead = next(self._frames, None)

    def _restart(self, index: int = 0, pts: float = 0.0) -> None:
        self.close()
        self.warnings = []
        self._first, self._first_s = index, pts
        self._frames = self._decode()
        self._ahead = next(self._frames, None)
