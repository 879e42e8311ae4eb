"""A part of a recording, by its media time."""

from dataclasses import replace

from capture.sources.frame import Frame, Source
from capture.sources.recording import Recording
from shared.errors import SourceError


class Excerpt:
    """The frames of a recording from `start_s` on and, if there is an `end_s`, before it.

    They keep the numbers and times that they have in the whole.
    """

    live_only = False

    def __init__(self, source: Source, start_s: float, end_s: float | None):
        self._source = source
        self._start_s = start_s
        self._end_s = float("inf") if end_s is None else end_s
        self._ahead: Frame | None = None

    @property
    def label(self) -> str:
        """What is read."""
        return self._source.label

    @property
    def paced(self) -> bool:
        """See `Source`."""
        return self._source.paced

    @property
    def starts_s(self) -> float:
        """See `Source`; of the whole recording."""
        return self._source.starts_s

    @property
    def warnings(self) -> list[str]:
        """See `Source`."""
        return self._source.warnings

    def open(self) -> None:
        """Start at the first frame; see `Source.open`. Raises SourceError also if no frame is in the excerpt."""
        self._source.open()
        if isinstance(self._source, Recording):
            self._source.seek(self._start_s)
        self._look_ahead()
        if self._ahead is None:
            until = "its end" if self._end_s == float("inf") else f"{self._end_s:g} s"
            raise SourceError(f"{self.label}: has no frame between {self._start_s:g} s and {until}")

    def skip_to(self, index: int) -> None:
        """Make frame `index` of the whole the next one read."""
        self._source.skip_to(index)
        self._look_ahead()

    def read(self) -> Frame | None:
        """The next frame; None at the end of the excerpt."""
        frame = self._ahead
        if frame is None:
            return None
        self._look_ahead()
        return replace(frame, last=True) if self._ahead is None else frame

    def close(self) -> None:
        """Close the recording."""
        self._ahead = None
        self._source.close()

    def _look_ahead(self) -> None:
        while (frame := self._source.read()) is not None and frame.pts < self._start_s:
            pass
        self._ahead = frame if frame is not None and frame.pts < self._end_s else None
