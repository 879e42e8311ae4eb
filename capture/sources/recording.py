"""The base of sources with an end: one frame of look-ahead, and seeking to resume a killed run."""

from abc import ABC, abstractmethod
from collections.abc import Generator
from dataclasses import replace
from typing import ClassVar

from capture.sources.frame import Frame
from shared.errors import SourceError


class Recording(ABC):
    """A source that yields the same frames every time. A subclass implements decoding from a given frame."""

    live_only: ClassVar[bool] = False
    paced: ClassVar[bool] = True

    def __init__(self, label: str):
        self.label = label
        self.starts_s = 0.0
        self.warnings: list[str] = []
        self._frames = self._decode(0)
        self._ahead: Frame | None = None

    @abstractmethod
    def _decode(self, start: int) -> Generator[Frame, None, None]:
        """Frames from index `start` on (none beyond the end); closing the generator closes its file."""

    def open(self) -> None:
        """Start at the first frame; see `Source.open`."""
        self.skip_to(0)
        if self._ahead is None:
            raise SourceError(f"{self.label}: no frame in it can be decoded")

    def skip_to(self, index: int) -> None:
        """Make frame `index` the next one read; beyond the end, there is none. Skipped frames are decoded."""
        self.close()
        self.warnings = []
        self._frames = self._decode(index)
        self._ahead = next(self._frames, None)

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
