"""Rows `live/…`: milliseconds from a frame's capture to its result, against the seed-style loop that takes the newest.

Also where ours go: `live/<clip>/<stage>` is the median of a stage's own work on a frame.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.measure import Row
from benchmarks.plan import Plan
from benchmarks.processes import Pipeline
from benchmarks.seed_loop import SeedLoop

CLIPS = {"720p30": "liveportrait_s18", "1080p25": "facenet_pytorch_video"}
"""What stands for each size in the folder of clips; without it, the demo stands for the first."""

MIN_FACE_SIZE = 40
SETTLE_S = 3.0
FACELESS_S = 10.0
"""After this long a clip is measured without a classified face."""


@dataclass(frozen=True)
class Watched:
    """Latencies in seconds, frames skipped in percent, and each stage's milliseconds."""

    latencies: list[float]
    skipped: float
    stages_ms: dict[str, list[float]]


def rows(plan: Plan) -> Iterator[Row]:
    """Both sides watch the same clip at its own pace, one after the other."""
    seconds = plan.many(30, 5)
    for size, stem in CLIPS.items():
        clip = plan.clip(stem) or (plan.demo() if size == "720p30" else None)
        name = f"live/{size}"
        if clip is None or not plan.wants(name):
            continue
        ours = watch(clip, seconds)
        theirs, skipped = SeedLoop(MIN_FACE_SIZE).live(clip, seconds)
        for percent in (50, 95):
            mine, its = (float(np.percentile(side, percent)) * 1000 for side in (ours.latencies, theirs))
            yield Row(f"{name}/p{percent}", mine, its, "ms")
        yield Row(f"{name}/skipped", ours.skipped, skipped, "% skipped")
        for stage, values in ours.stages_ms.items():
            yield Row(f"{name}/{stage}", median(values), None, "ms")


def watch(clip: Path, seconds: float) -> Watched:
    """The real processes on a clip at its own pace, over and over, from some seconds after the first result on."""
    settings = {"capture_source": f"clip={clip}", "capture_mode": "live", "min_face_size": MIN_FACE_SIZE}
    watched, skipped, settled = Watched([], 0.0, {}), 0, float("inf")
    latest = float("inf")
    with Pipeline(settings) as pipeline:
        for row, at in pipeline.rows():
            latest = min(latest, at + FACELESS_S)
            if settled == float("inf") and (at > latest or any(face.label for face in row.faces)):
                settled = at + SETTLE_S
            if at > settled + seconds:
                break
            if at >= settled:
                watched.latencies.append(at - row.captured_ns / 1e9)
                skipped += row.seq - row.prev - 1 if row.prev is not None else 0
                for stage, value in row.stages_ms.items():
                    watched.stages_ms.setdefault(stage, []).append(value)
    return Watched(watched.latencies, 100 * skipped / (skipped + len(watched.latencies)), watched.stages_ms)
