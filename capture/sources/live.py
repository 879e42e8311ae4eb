"""Network streams, and recordings behind a URL."""

import re
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from http.client import HTTPException
from typing import ClassVar

import av
import structlog

from capture.names import redact
from capture.sources.device import Clock
from capture.sources.ffmpeg_options import analysis_s, options_for
from capture.sources.frame import Frame, SourceUnavailable
from capture.sources.http_fetch import Answer, Fetcher
from capture.sources.jpegs import jpegs
from capture.sources.media import Media, because
from capture.sources.multipart import MultipartError
from capture.sources.reread import Body, Reread, index_is_last
from capture.sources.schedule import Schedule
from capture.sources.track import NoVideoError
from capture.sources.video import shots
from shared.errors import SourceError

log = structlog.get_logger()

STREAM_SCHEMES = ("http", "https", "rtmp", "rtp", "rtsp", "rtsps", "srt", "tcp", "udp")

_SEGMENT_S = 15.0
"""A playlist with nothing new for so long is no stream; its segments take 10 s at most by custom."""
_TOLD_S = 1.0
_SHOWN = 80  # letters
_PLAYLIST = b"#EXTM3U"
_READABLE = (_PLAYLIST, b"YUV4MPEG2", b"v=0")
"""How texts begin that FFmpeg reads: playlists, uncompressed video, session descriptions."""
_FAILURES = (av.FFmpegError, OSError, HTTPException, MultipartError)


class UrlSource:
    """A URL (`rtsp://`, `http://`, …); `stall_seconds` is the timeout to connect and for every wait for data.

    It is a recording if it says how long it is: paced by its time stamps, with an end, but without replay. Else it is a
    stream, which comes as fast as it is sent, and has failed when it ends; HLS comes some seconds at a time, and is
    shown by its time stamps. `pts` is as stamped, or as it comes if there are no stamps.

    Args:
        url: what to read; its password is in no message.
        clock: monotonic seconds.
        max_pixels: larger frames are refused.
        stall_seconds: as above.
        options: of FFmpeg, beyond those it is opened with anyway.
        sleep: waits so many seconds of the clock.
    """

    live_only: ClassVar[bool] = True

    def __init__(
        self,
        url: str,
        clock: Clock,
        max_pixels: int,
        stall_seconds: float = 5.0,
        options: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.label = redact(url)
        self.paced = False
        self.starts_s = 0.0
        self.warnings: list[str] = []
        self._url = url
        self._scheme = url.partition("://")[0].lower()
        self._clock = clock
        self._max_pixels = max_pixels
        self._stall_s = stall_seconds
        self._options = options_for(self._scheme, stall_seconds, options or {})
        self._sleep = sleep
        self.fetcher = Fetcher(url, stall_seconds, options) if self._scheme in ("http", "https") else None
        """Asks what there is, where that is to be seen before it is opened."""
        self._body: Body | None = None
        self._media: Media | None = None
        self._frames: Generator[Frame, None, None] | None = None
        self._index = 0

    def open(self, answer: Answer | None = None) -> None:
        """Connect, or read on in what a server has begun to send; see `Source.open`."""
        self.close()
        self.paced, self.starts_s, self.warnings, self._index = False, 0.0, [], 0
        if self._scheme not in STREAM_SCHEMES:
            schemes = ", ".join(STREAM_SCHEMES)
            raise SourceError(f"{self.label}: no stream is read from {self._scheme}://, but from {schemes}")
        try:
            self._body = answer = answer or (self.fetcher.ask() if self.fetcher else None)
            self._frames = self._shown(self._url) if answer is None else self._answered(answer)
        except av.error.ProtocolNotFoundError as error:
            raise SourceError(f"{self.label}: FFmpeg, as installed here, has no {self._scheme}://") from error
        except NoVideoError as error:
            if self.paced:
                raise
            raise SourceUnavailable(str(error)) from error
        except _FAILURES as error:
            raise SourceUnavailable(f"{self.label}: cannot be opened ({self._why(error)})") from error

    def skip_to(self, index: int) -> None:
        """Always refused: a live source cannot seek."""
        raise SourceError(f"{self.label}: a live source cannot skip to frame {index}; use a file")

    def read(self) -> Frame | None:
        """Wait for the next frame; see `Source.read`."""
        if self._frames is None:
            raise SourceUnavailable(f"{self.label}: is not open")
        asked = self._clock()
        media = self._media
        try:
            frame = next(self._frames, None)
        except _FAILURES as error:
            raise self._lost(asked, self._why(error)) from error
        if frame is not None:
            self._index += 1
        elif media is not None and media.broken_off is not None:
            raise self._lost(asked, self._why(media.broken_off))
        elif media is None or not media.has_end:
            raise self._lost(asked, "it ended")
        elif not self._index:
            raise self._lost(asked, "none can be decoded")
        else:
            self.warnings += media.faults()
        return frame

    def close(self) -> None:
        """Disconnect."""
        for opened in (self._frames, self._media, self._body):
            if opened is not None:
                opened.close()
        self._frames = self._media = self._body = None

    def _answered(self, answer: Answer) -> Generator[Frame, None, None]:
        """What an HTTP server sends: read from this answer, as some serve but one viewer, unless FFmpeg may seek."""
        head = answer.head()
        if answer.kind.startswith("multipart/") or head.lstrip().startswith(b"--"):
            return jpegs(answer, self.label, self._clock, self._max_pixels)
        is_playlist = head.startswith(_PLAYLIST)
        if not head.startswith(_READABLE) and (text := _as_text(head)):
            raise SourceUnavailable(f"{self.label}: sends {answer.kind or 'text'}, no video: {text}")
        if is_playlist:
            answer.close()
            return self._shown(self._url, _SEGMENT_S)
        if self.fetcher is not None and not answer.gives_parts and index_is_last(head):
            self._body = body = Reread(self.fetcher, answer)
            return self._shown(body)
        if answer.length is None and not answer.gives_parts:
            return self._shown(answer)
        self.paced = True
        answer.close()
        return self._shown(self._url)

    def _shown(self, address: str | Body, patience_s: float = 0.0) -> Generator[Frame, None, None]:
        """What FFmpeg reads, at its time; `patience_s` is waited beyond the stall time before there is a frame."""
        timeout = self._stall_s + analysis_s(self._options), self._stall_s + patience_s
        self._media = media = Media(address, self.label, self._max_pixels, self._options, timeout)
        self.paced, self.starts_s = media.has_end, media.starts_s
        return shots(media) if media.has_end else self._streamed(media)

    def _streamed(self, media: Media) -> Generator[Frame, None, None]:
        schedule = Schedule() if media.in_segments else None
        started: float | None = None
        for frame in shots(media):
            now = self._clock()
            started = now if started is None else started
            if schedule is not None:
                self._wait_for(schedule, frame.pts, now)
            yield replace(frame, pts=now - started) if media.is_timeless else frame

    def _wait_for(self, schedule: Schedule, pts: float, now: float) -> None:
        wait_s = schedule.wait_s(pts, now)
        if wait_s > 0:
            self._sleep(wait_s)
        elif wait_s < -_TOLD_S:
            log.warning(
                "the stream came late and is shown on from there",
                spec=self.label,
                late_s=round(-wait_s, 1),
                behind_s=round(schedule.behind_s, 1),
            )

    def _lost(self, asked: float, why: str) -> SourceUnavailable:
        waited = self._clock() - asked
        return SourceUnavailable(
            f"{self.label}: no frame {self._index}, after {waited:.1f} s of waiting for it ({why})"
        )

    def _why(self, error: Exception) -> str:
        """An error in one line, without passwords; FFmpeg's own words if it has any."""
        if isinstance(error, (TimeoutError, av.error.ExitError)):  # the latter is PyAV's own limit
            return "timed out"
        words = because(error) if isinstance(error, av.FFmpegError) else str(error) or type(error).__name__
        return redact(words.splitlines()[0].removeprefix(f"{self.label}: "))


def _as_text(head: bytes) -> str:
    """The words with which a page or message begins, without its tags; empty if it is something else."""
    if not head:
        return "nothing"
    if any(byte < 32 and byte not in b"\t\n\f\r" for byte in head):
        return ""
    words = re.sub(r"<[^>]*>", " ", head.decode("utf-8", "replace")).split()
    return redact(" ".join(words)[:_SHOWN]) or "a page"
