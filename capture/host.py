"""Builds a `Hosted` from a source's spec and the settings."""

import hashlib
import socket
import sys
import time

import msgspec

from capture.hosted import Hosted
from capture.names import SourceSpec, device_of
from capture.policy import Policy
from capture.progress import read_progress
from capture.reader import Reader
from capture.sources import Asked, PushedSource, Source, camera_opens, open_source, parse_options
from capture.sources.excerpt import Excerpt
from shared.control import PUSHED, Opening
from shared.settings import Settings
from shared.stage import Place
from shared.state import read_state


def host(spec: SourceSpec, place: Place, wake: socket.socket, opening: Opening | None = None) -> Hosted:
    """One source, not yet started; its reader wakes the main loop through `wake`.

    `opening`: it is a `control/` that asks for it, and not the settings.

    Raises SourceError if it can never be read.
    """
    settings = place.settings if opening is None else _settings_for(opening, place.settings)
    is_pushed = opening is not None and opening.spec == PUSHED
    source = PushedSource(spec.name, time.monotonic, settings.max_pixels) if is_pushed else _source(spec, settings)
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
    state_file = place.state_dir / state_name(spec.name, opening)
    written = read_state(state_file) if place.restarted else None
    progress = read_progress(written) if written is not None else None
    reader = Reader(source, live=policy.live, wake=wake, resume_after=progress.acked if progress else None)
    return Hosted(spec.name, spec.label, reader, policy, settings.capture_at_end, state_file, progress)


def state_name(source: str, opening: Opening | None) -> str:
    """The name of a source's state file. Another opening has another one, as its frames are others."""
    if opening is None:
        return f"{source}.json"
    return f"{source}.{hashlib.sha256(msgspec.json.encode(opening)).hexdigest()[:16]}.json"


def _settings_for(opening: Opening, settings: Settings) -> Settings:
    """The settings with those of an `Opening`; excerpts are of the sources that the capture was started with."""
    asked = {
        "capture_mode": opening.mode,
        "capture_at_end": "exit" if opening.spec == PUSHED else opening.at_end,
        "capture_ack": opening.ack,
        "capture_start": 0.0,
        "capture_end": None,
    }
    return settings.model_copy(update=asked)


def _source(spec: SourceSpec, settings: Settings) -> Source:
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
    return source
