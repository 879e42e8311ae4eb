"""Builds a `Hosted` from a source's spec and the settings."""

import socket
import sys
import time

from capture.hosted import Hosted
from capture.names import SourceSpec, device_of
from capture.policy import Policy
from capture.progress import read_progress
from capture.reader import Reader
from capture.sources import Asked, camera_opens, open_source, parse_options
from capture.sources.excerpt import Excerpt
from shared.stage import Place
from shared.state import read_state


def host(spec: SourceSpec, place: Place, wake: socket.socket) -> Hosted:
    """One source, not yet started; its reader wakes the main loop through `wake`.

    Raises SourceError if it can never be read.
    """
    settings = place.settings
    if sys.platform == "darwin" and spec.kind == "device":
        camera_opens(device_of(spec.spec))  # macOS asks for permission only on the main thread
    source = open_source(
        spec.spec,
        clock=time.monotonic,
        max_pixels=settings.max_pixels,
        stall_seconds=settings.capture_stall_seconds,
        seconds_per_image=settings.capture_seconds_per_image,
        stills_stay=settings.capture_mode == "live" and settings.capture_at_end == "loop",
        of_streams=parse_options(settings.capture_options),
        of_cameras=Asked(settings.capture_size, settings.capture_fps),
    )
    if not source.live_only and (settings.capture_start or settings.capture_end is not None):
        source = Excerpt(source, settings.capture_start, settings.capture_end)
    policy = Policy(
        live=source.live_only or settings.capture_mode == "live",
        size=None if settings.window == "auto" else settings.window,
        max_bytes=settings.window_mb << 20,
        deadline_s=settings.deadline_ms / 1000,
        classify_every=settings.classify_every,
        scan_s=settings.scan_seconds,
        max_side=settings.detect_max_side,
        hint_lag=settings.hint_lag,
        ack=settings.capture_ack,
    )
    state_file = place.state_dir / f"{spec.name}.json"
    written = read_state(state_file) if place.restarted else None
    progress = read_progress(written) if written is not None else None
    reader = Reader(source, live=policy.live, wake=wake, resume_after=progress.acked if progress else None)
    return Hosted(spec.name, spec.label, reader, policy, settings.capture_at_end, state_file, progress)
