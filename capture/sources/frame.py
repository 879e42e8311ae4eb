"""The interface of all sources: `Source` and the frames it yields."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.errors import AffectError


class SourceUnavailable(AffectError):  # noqa: N818 - it names a state that may pass, not a mistake
    """A camera or stream that cannot be read now but may come back: close it, back off, reopen it."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        image: (H, W, 3) uint8 BGR, C-contiguous, upright (rotation metadata applied); the source never writes to it
            again.
        pts: seconds since the first frame, never decreasing. Media: by the container's own time stamps.
        index: number of the frame in the media, or since the live source was opened, from 0 without gaps.
        last: this is the media's last frame; always False for live sources, which cannot know.
        jump_s: by how many seconds its time stamp leaped away from where it was due, while `pts` goes on evenly; 0 if
            it did not.
        captured_ns: when it was captured, wall clock, if the source was told; None: when it was read.
        skipped: how many pictures the source has left out since the frame before.
    """

    image: NDArray[np.uint8]
    pts: float
    index: int
    last: bool = False
    jump_s: float = 0.0
    captured_ns: int | None = None
    skipped: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]


class Source(Protocol):
    """A stream of frames, used by one thread: open, read until None, close; it may then be opened again."""

    @property
    def label(self) -> str:
        """What is read, without passwords, for logs and messages; once open, with what is known only then."""

    @property
    def live_only(self) -> bool:
        """Frames not read are lost, so there is no replay and no `skip_to` (devices, URLs)."""

    @property
    def paced(self) -> bool:
        """Frames come as fast as they are read, so live mode must pace them by `pts`. Known once open."""

    @property
    def starts_s(self) -> float:
        """The medium's own time of frame 0, in seconds, which has `pts` 0; 0 if it tells none. Known once open."""

    @property
    def warnings(self) -> list[str]:
        """Faults in the media that did not stop it, appended while reading; cleared by `open`."""

    def open(self) -> None:
        """Start at the first frame; may block.

        Raises:
            SourceError: it will never work: missing, not a video, no decodable frame, above the pixel limit.
            SourceUnavailable: a device or URL that does not answer now.
        """

    def skip_to(self, index: int) -> None:
        """Make frame `index` the next one read, with the image, pts and last it has in an unbroken run.

        Raises:
            SourceError: a live source cannot do that.
        """

    def read(self) -> Frame | None:
        """Block for the next frame; None at the end of the media.

        Raises:
            SourceError: a frame above the pixel limit.
            SourceUnavailable: the device or stream failed.
        """

    def close(self) -> None:
        """Release files and devices. Idempotent; never call it while another thread is in `read`."""
