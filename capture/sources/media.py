"""Reading a file or stream through FFmpeg's libraries (PyAV): its video track, decoded, with times."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from capture.sources.picture import shown_size
from capture.sources.reread import Body
from capture.sources.timeline import LONGEST_BROADCAST_GAP_S, LONGEST_GAP_S, Timeline
from capture.sources.track import announced_packets, moving_track
from shared.errors import SourceError
from shared.pictures import check_pixels

# of FFmpeg's avformat.h
_GENPTS = 0x0001
_NOTIMESTAMPS = 0x0080
_TS_DISCONT = 0x0200

BROKEN_READS = 1000  # in a row: a damaged stretch of a file is skipped, which costs microseconds a time
_DEFAULT_RATE = Fraction(25)  # FFmpeg's own for streams without time
_HIGHEST_RATE = 1000  # guesses beyond are a clock's ticks
_FIRST_JUMPS = 3


class Decoded(NamedTuple):
    """One frame of the video track.

    Attributes:
        frame: as decoded: any pixel format, perhaps interlaced, not yet turned upright.
        pts: seconds, see `Timeline`.
        jump_s: by how many seconds its time stamp jumped; 0 if it did not.
        size: width and height at which it is shown, see `shown_size`.
    """

    frame: VideoFrame
    pts: float
    jump_s: float
    size: tuple[int, int]


class Media:
    """An open container and the video track chosen in it: the default one of those that move, else the largest.

    Decoded by one thread: with more, FFmpeg conceals damage differently from run to run.

    Raises:
        av.FFmpegError: it cannot be opened; `because` has FFmpeg's words.
        SourceError: it will never work: no moving picture in it, no decoder for it, above the pixel limit.
    """

    def __init__(
        self,
        address: str | Body,
        label: str,
        max_pixels: int,
        options: Mapping[str, str] | None = None,
        timeout: tuple[float, float] | None = None,
    ):
        self.label = label
        self.failed = 0
        """The number of the video's packets that could not be decoded, so far."""
        self.broken_off: av.FFmpegError | None = None  # what stopped it short of its end
        self._first_failure = ""
        self._jumps: list[str] = []
        self._jumped = 0
        self._packets = self._frames = 0
        self._max_pixels = max_pixels
        self._sized: tuple[int, int, Fraction | None] | None = None
        self._container: InputContainer = av.open(
            address, "r", options=dict(options or {}), metadata_errors="replace", timeout=timeout
        )
        try:
            self._stream = moving_track(self._container, label)
            self._time_base = self._stream.time_base or Fraction(1, av.time_base)
            self.in_segments = self._container.format.name == "hls"
            """Whether it comes a few seconds at a time."""
            self.has_end = bool(self._container.duration) or (not self.in_segments and self._container.size > 0)
            """Whether it says how long it is: a recording; else it is a stream."""
            self._start()
        except BaseException:
            self.close()
            raise

    @property
    def time_base(self) -> Fraction:
        """The unit of the frames' own stamps, in seconds."""
        return self._time_base

    @property
    def is_timeless(self) -> bool:
        """Whether its frames tell no time."""
        return self._is_timeless or not self._timeline.is_stamped

    @property
    def starts_s(self) -> float:
        """The container's own time of the video track's start, in seconds; 0 if it tells none."""
        return self._seconds(self._stream.start_time) or 0.0

    def frames(self) -> Iterator[Decoded]:
        """Every frame that can be decoded, in presentation order. Damaged packets are left out and counted."""
        for frame in self._decoded():
            # without stamps of its own it goes by the rate alone: what FFmpeg makes up is not always a time
            told = (None, None, None) if self._is_timeless else (frame.pts, frame.dts, frame.duration)
            stamp, decoding_stamp, duration = map(self._seconds, told)
            pts, jump_s = self._timeline.place(stamp, decoding_stamp, duration or 0.0)
            self._frames += 1
            if jump_s:
                self._jumped += 1
                if len(self._jumps) < _FIRST_JUMPS:
                    self._jumps.append(f"{jump_s:+.2f} s at {pts:.2f} s")
            yield Decoded(frame, round(pts, 6), jump_s, self._size(frame.width, frame.height))

    def faults(self) -> list[str]:
        """What was wrong with the media as far as it has been read, one line each."""
        faults = []
        if self.failed:
            packets = "packet" if self.failed == 1 else "packets"
            faults.append(f"{self.failed} {packets} of the video could not be decoded, first {self._first_failure}")
        if self._packets < self._announced:
            faults.append(f"announces {self._announced} frames, {self._packets} are there")
        if self._jumped:
            more = ", …" if self._jumped > len(self._jumps) else ""
            times = "once" if self._jumped == 1 else f"{self._jumped} times"
            faults.append(f"its time stamps jump {times} ({', '.join(self._jumps)}{more}); time goes on evenly")
        if self.is_timeless and self._frames > 1:
            faults.append(f"has no time stamps; taken as {float(self._rate):.4g} frames a second")
        return [f"{self.label}: {fault}" for fault in faults]

    def close(self) -> None:
        """Close the file or connection. Idempotent."""
        self._container.close()

    def _start(self) -> None:
        """Prepare the decoder and the clock, before the first packet."""
        stream, container = self._stream, self._container
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        container.flags &= ~_GENPTS  # PyAV's default; invents wrong stamps for AVI
        self._announced = announced_packets(container, stream)
        guessed = stream.guessed_rate or stream.average_rate or _DEFAULT_RATE
        self._rate = guessed if 0 < guessed <= _HIGHEST_RATE else _DEFAULT_RATE
        kind = container.format
        self._is_timeless = bool(kind.flags & _NOTIMESTAMPS) or kind.name.endswith("_pipe")
        has_joints = bool(kind.flags & _TS_DISCONT) or not self.has_end
        self._timeline = Timeline(float(1 / self._rate), LONGEST_BROADCAST_GAP_S if has_joints else LONGEST_GAP_S)
        decoder = stream.codec_context
        of_codec, of_stream = decoder.sample_aspect_ratio, stream.sample_aspect_ratio
        self._container_aspect = of_stream if of_stream != of_codec else None
        check_pixels(self.label, *shown_size(decoder.width, decoder.height, of_stream or Fraction(1)), self._max_pixels)
        decoder.thread_count = 1
        decoder.options = {"max_pixels": str(2 * self._max_pixels + 65536)}  # coded sizes exceed those shown
        try:
            decoder.open(strict=False)
        except av.FFmpegError as error:
            raise SourceError(
                f"{self.label}: its video ({decoder.name}) cannot be decoded: {because(error)}"
            ) from error

    def _decoded(self) -> Iterator[VideoFrame]:
        decoder = self._stream.codec_context
        for packet in self._read():
            try:
                frames = decoder.decode(packet)
            except av.error.EOFError:
                return
            except av.FFmpegError as error:
                self._fail(error, packet)
            else:
                yield from frames

    def _read(self) -> "Iterator[Packet[VideoStream] | None]":
        """The track's packets, then None, which makes the decoder give what it still holds."""
        broken = 0
        while broken < BROKEN_READS:
            try:
                for packet in self._container.demux(self._stream):
                    broken = 0
                    self._count(packet)
                    if packet.size:  # AVI repeats a frame by an empty packet, PyAV ends with one
                        yield packet
                break
            except av.error.InvalidDataError as error:
                broken += 1
                if broken == 1:
                    self._fail(error)
            except av.FFmpegError as error:
                self.broken_off = error
                self._fail(error)
                break
        yield None

    def _count(self, packet: "Packet[VideoStream]") -> None:
        self._packets += packet.size > 0 or packet.dts is not None
        if self._container.format.name == "avi" and packet.dts is not None:
            self._packets = max(self._packets, packet.dts + 1)  # its stamps number chunks, also those without data
        if self._packets == 1 and packet.has_sidedata("encryption_info"):
            raise SourceError(f"{self.label}: its video is encrypted")

    def _fail(self, error: av.FFmpegError, packet: "Packet[VideoStream] | None" = None) -> None:
        self.failed += 1
        if self.failed == 1:
            stamp = None if packet is None else packet.pts if packet.pts is not None else packet.dts
            at = self._timeline.pts_of(self._seconds(stamp))
            self._first_failure = f"at {at:.2f} s ({because(error)})"

    def _size(self, width: int, height: int) -> tuple[int, int]:
        """The size at which frames of this one are shown; SourceError if that is above the limit."""
        decoder = self._stream.codec_context
        aspect = self._container_aspect or decoder.sample_aspect_ratio
        # a frame that the decoder still held when it met another size keeps its own aspect
        is_held = (width, height) != (decoder.width, decoder.height) and (width, height) == (self._sized or ())[:2]
        if (width, height, aspect) != self._sized and not is_held:
            self._sized = width, height, aspect
            self._shown = shown_size(width, height, aspect or Fraction(1))
            check_pixels(self.label, *self._shown, self._max_pixels)
        return self._shown

    def _seconds(self, ticks: int | None) -> float | None:
        return None if ticks is None else ticks * self._time_base.numerator / self._time_base.denominator


def because(error: av.FFmpegError) -> str:
    """FFmpeg's words for an error, in one line."""
    return (error.strerror or str(error)).splitlines()[0]
