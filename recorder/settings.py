"""The settings of a recording: those that its rows depend on, and those of the private pipeline."""

import hashlib
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from recorder.inputs import Clip
from shared.settings import Settings

ROWS_DEPEND_ON = (
    "capture_start",
    "capture_end",
    "capture_seconds_per_image",
    "max_pixels",
    "min_face_size",
    "detect_thresholds",
    "detect_confidence",
    "scan_seconds",
    "hint_lag",
    "detect_max_side",
    "detect_turned",
    "max_faces",
    "crop_max_side",
    "classify_every",
    "classify_faces",
    "classifier_model",
    "device",
    "smoothing",
    "label_lead",
    "label_seconds",
)
_WORKER_BYTES = 1 << 30


_OF_STILLS = {"scan_seconds": 0.0, "classify_every": 1}
"""In pictures every face is searched for and classified anew."""


def kept(settings: Settings, *, stills: bool = False) -> dict[str, Any]:
    """What `run.json` holds of the settings."""
    return {name: getattr(settings, name) for name in ROWS_DEPEND_ON} | (_OF_STILLS if stills else {})


def as_text(value: Any) -> str:
    """A setting's value as its environment variable has it."""
    if isinstance(value, list | tuple):
        return ",".join(as_text(one) for one in value)
    return "" if value is None else str(value)


def private(runtime_dir: Path) -> dict[str, str]:
    """The settings that make the pipeline private and lose nothing."""
    return {
        "runtime_dir": str(runtime_dir),
        "bus_in": f"ipc://{runtime_dir}/bus.in",
        "bus_out": f"ipc://{runtime_dir}/bus.out",
        "capture_mode": "replay",
        "capture_at_end": "exit",
        "capture_ack": "recorder",
        "log_format": "json",
        "log_level": "info",
    }


def of_capture(clip: Clip, links: Path) -> dict[str, str]:
    """The settings of one clip's capture.

    A path that cannot stand in a list of sources gets a link in the folder `links`.
    """
    path = os.fspath(clip.path)
    if path != path.strip() or "\\," in path:
        links.mkdir(exist_ok=True)
        link = links / f"{clip.source}{clip.path.suffix.strip()}"
        link.unlink(missing_ok=True)
        link.symlink_to(clip.path)
        path = os.fspath(link)
    listed = path.replace(",", "\\,")
    source = {"capture_source": f"{clip.source}={listed}"}
    return source | ({name: as_text(value) for name, value in _OF_STILLS.items()} if clip.stills else {})


def runtime_dir_of(settings: Settings, out: Path) -> Path:
    """The runtime directory of recordings into a folder: always the same, so that `--resume` finds its states."""
    name = hashlib.sha256(os.fsencode(out.resolve())).hexdigest()[:8]
    return settings.runtime_dir / f"recorder-{name}"


def workers(wanted: int | None, clips: int) -> tuple[int, int]:
    """Detectors and classifiers; without a wish, as many as cores, memory and clips can keep busy.

    A recording has four frames in flight, which keep three detectors busy; finding faces takes twice the time of
    classifying them, or more.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = max(1, int(psutil.virtual_memory().available / _WORKER_BYTES))
    detectors = wanted or max(1, min(cores // 2, 2 * memory // 3, 3 * clips))
    return detectors, max(1, math.ceil(detectors / 2))


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The settings that differ, as in `min_face_size 40, was 20`; of those that both name."""
    texts = {name: (as_text(before[name]), as_text(now[name])) for name in before.keys() & now.keys()}
    return [f"{name} {new}, was {old}" for name, (old, new) in sorted(texts.items()) if old != new]
