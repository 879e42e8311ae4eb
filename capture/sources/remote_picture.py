"""A `http` or `https` URL: a picture, or whatever else is read as a stream."""

import io
import time
from collections.abc import Generator

from capture.sources.device import Clock
from capture.sources.frame import Frame, SourceUnavailable
from capture.sources.http_fetch import Fetched, Fetcher
from capture.sources.images import animate
from capture.sources.live import UrlSource
from shared.errors import SourceError
from shared.pictures import Picture, load_picture


class HttpSource:
    """A URL whose answer is read as a picture if it is typed `image/…`, and by `stream` otherwise.

    With `stays` a still picture is a slow camera: it is asked for again every `seconds_per_image`, which costs a server
    that names versions (`ETag`, `Last-Modified`) next to nothing. Else it is one frame. An animation is a recording.
    """

    def __init__(
        self,
        stream: UrlSource,
        clock: Clock,
        max_pixels: int,
        fetcher: Fetcher,
        seconds_per_image: float = 1.0,
        *,
        stays: bool = False,
    ):
        self.label = stream.label
        self._stream = stream
        self._clock = clock
        self._fetcher = fetcher
        self._max_pixels = max_pixels
        self._seconds = seconds_per_image
        self._stays = stays
        self._is_stream = False
        self._warnings: list[str] = []
        self._frames: Generator[Frame, None, None] | None = None
        self._animated = False

    @property
    def live_only(self) -> bool:
        """As the stream, before it is known what is there."""
        return self._stream.live_only

    @property
    def paced(self) -> bool:
        """An animation is paced by its `pts`; a picture comes when it is due."""
        return self._stream.paced if self._is_stream else self._animated

    @property
    def starts_s(self) -> float:
        """See `Source.starts_s`."""
        return self._stream.starts_s if self._is_stream else 0.0

    @property
    def warnings(self) -> list[str]:
        """See `Source.warnings`."""
        return self._stream.warnings if self._is_stream else self._warnings

    def open(self) -> None:
        """Look what is there; see `Source.open`."""
        self.close()
        fetched = self._looked()
        self._is_stream = fetched is None
        if fetched is None:
            return
        picture = self._load(fetched)
        self._warnings = [picture.fault] if picture.fault else []
        self._animated = picture.is_animated
        if picture.is_animated:
            self._frames = animate(io.BytesIO(fetched.content), self.label, self._max_pixels, self._warnings)
        else:
            self._frames = self._look(picture, fetched)

    def skip_to(self, index: int) -> None:
        """See `Source.skip_to`."""
        if not self._is_stream:
            raise SourceError(f"{self.label}: a live source cannot skip to frame {index}; use a file")
        self._stream.skip_to(index)

    def read(self) -> Frame | None:
        """Wait for the next frame; see `Source.read`."""
        if self._is_stream:
            return self._stream.read()
        if self._frames is None:
            raise SourceUnavailable(f"{self.label}: is not open")
        return next(self._frames, None)

    def close(self) -> None:
        """Disconnect."""
        self._stream.close()
        if self._frames is not None:
            self._frames.close()
            self._frames = None

    def _looked(self) -> Fetched | None:
        """The picture there; None if it is a stream, now open: by the same answer, as some cameras serve one viewer."""
        answer = self._fetcher.ask()
        if answer is not None and answer.kind.startswith("image/"):
            fetched = self._fetcher.image(answer)
            if fetched is not None:
                return fetched
            answer = None
        self._stream.open(answer)
        return None

    def _load(self, fetched: Fetched) -> Picture:
        return load_picture(io.BytesIO(fetched.content), self.label, self._max_pixels)

    def _look(self, picture: Picture, fetched: Fetched) -> Generator[Frame, None, None]:
        started, index = self._clock(), 0
        while True:
            yield Frame(picture.image, self._clock() - started, index)
            if not self._stays:
                return
            index += 1
            time.sleep(max(0.0, started + index * self._seconds - self._clock()))
            before, now = fetched, self._fetcher.fetch(fetched)
            if now is None:
                raise SourceUnavailable(f"{self.label}: no picture {index}")
            fetched = now
            if now is not before:
                try:
                    picture = self._load(now)
                except SourceError as error:
                    raise SourceUnavailable(str(error)) from error
