"""The film that a recording was made of, decoded as the capture decodes it, so that `seq` counts the same frames."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import av

from capture.sources import FileSource, Frame, Source, open_source
from recorder.finished import Finished
from recorder.manifest import digest, stamp
from shared.errors import SourceError

_MAX_PIXELS = 1_000_000_000
"""It was recorded, so it was within the limit that held then."""


def check(recording: Finished, film: Path) -> None:
    """Raise SourceError if this is not what the recording was made of: boxes would be drawn on other frames.

    What is not known of a recording is not compared.
    """
    recorded = recording.run["input"]["sha256"]
    if recorded is not None and digest(film, stamp(film)) != recorded:
        raise SourceError(f"{film}: is not the film that was recorded in {recording.folder} (its SHA-256 is another)")


def open_film(film: Path) -> Source:
    """The film, folder of pictures or picture as a source, not yet opened.

    Raises:
        SourceError: it cannot be read.
    """
    # absolute: a relative name may look like a camera's index
    return open_source(str(film.absolute()), clock=time.monotonic, max_pixels=_MAX_PIXELS)


def frames(film: Path) -> Iterator[Frame]:
    """All frames of a film.

    Raises:
        SourceError: it cannot be read.
    """
    source = open_film(film)
    with closing(source):
        source.open()
        yield from iter(source.read, None)


def has_sound(film: Path) -> bool:
    """Whether there is an audio track in it."""
    if not isinstance(open_film(film), FileSource):
        return False
    with av.open(str(film.absolute()), metadata_errors="replace") as media:
        return bool(media.streams.audio)
