"""Sources of frames: cameras, streams, video files, images and the demo, behind one small interface (`Source`).

`open_source` makes the right one for a spec (see `capture.names`).
"""

from collections.abc import Mapping
from functools import partial

from capture.names import device_of, kind_of
from capture.sources.camera_format import Asked
from capture.sources.demo import DemoSource
from capture.sources.device import Clock, DeviceSource, camera_opens
from capture.sources.ffmpeg_options import parse_options
from capture.sources.folder import FolderSource
from capture.sources.frame import Frame, Source, SourceUnavailable
from capture.sources.images import ImageSource
from capture.sources.live import UrlSource
from capture.sources.paths import path_exists, source_at
from capture.sources.pushed import PushedSource
from capture.sources.remote_picture import HttpSource
from capture.sources.video import FileSource
from shared.errors import SourceError

__all__ = [
    "Asked",
    "DemoSource",
    "DeviceSource",
    "FileSource",
    "FolderSource",
    "Frame",
    "HttpSource",
    "ImageSource",
    "PushedSource",
    "Source",
    "SourceError",
    "SourceUnavailable",
    "UrlSource",
    "camera_opens",
    "open_source",
    "parse_options",
    "path_exists",
]


def open_source(
    spec: str,
    *,
    clock: Clock,
    max_pixels: int,
    stall_seconds: float = 5.0,
    seconds_per_image: float = 1.0,
    stills_stay: bool = False,
    of_cameras: Asked | None = None,
    of_streams: Mapping[str, str] | None = None,
) -> Source:
    """The source a spec (`auto` already resolved) names, not yet opened.

    Args:
        spec: device index, URL, path or `demo`.
        clock: monotonic seconds; the `pts` of live sources come from it.
        max_pixels: frames and images with more are refused.
        stall_seconds: timeout for a URL to connect and to deliver a frame.
        seconds_per_image: time from one image of a folder to the next.
        stills_stay: repeat a single image endlessly, every `seconds_per_image`.
        of_cameras: the size and rate asked of a camera.
        of_streams: FFmpeg's options for URLs.

    Raises:
        SourceError: a path leads to something that cannot be read.
    """
    camera = partial(DeviceSource, clock=clock, max_pixels=max_pixels, asked=of_cameras)
    match kind_of(spec):
        case "demo":
            return DemoSource()
        case "device":
            return camera(device_of(spec))
        case "url":
            stream = UrlSource(spec, clock, max_pixels, stall_seconds, of_streams)
            if stream.fetcher is None:
                return stream
            return HttpSource(stream, clock, max_pixels, stream.fetcher, seconds_per_image, stays=stills_stay)
        case "path":
            return source_at(spec, camera, max_pixels, seconds_per_image, stills_stay=stills_stay)
