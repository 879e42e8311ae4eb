"""Rows `live/…`: milliseconds from a frame's capture to its result, against the seed-style loop that takes the newest.

Also where ours go: `live/<clip>/<stage>` is the median of a stage's own work on a frame.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.detector import rate
from benchmarks.measure import Row
from benchmarks.plan import Plan
from benchmarks.processes import Pipeline
from benchmarks.seed_loop import SeedLoop
from shared.errors import AffectError
from shared.results import Smoothed

CLIPS = {"720p30": "liveportrait_s18", "1080p25": "facenet_pytorch_video"}
"""What stands for each size in the folder of clips; without it, the demo stands for the first."""

MIN_FACE_SIZE = 40
SETTLE_S = 3.0
FACELESS_S = 10.0
"""After this long a clip is measured without a classified face."""


@dataclass
class Watched:
    """Latencies in seconds, in order; frames without a whole result; seconds watched; each stage's milliseconds."""

    latencies: list[float] = field(default_factory=list)
    skipped: int = 0
    seconds: float = 0.0
    stages_ms: dict[str, list[float]] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """All frames that were due."""
        return len(self.latencies) + self.skipped

    def note(self, row: Smoothed, at: float) -> None:
        """A result that came at this wall-clock second; one that is not complete counts as skipped."""
        self.skipped += row.seq - row.prev - 1 if row.prev is not None else 0
        if not row.complete:
            self.skipped += 1
            return
        self.latencies.append(at - row.captured_ns / 1e9)
        for stage, value in row.stages_ms.items():
            self.stages_ms.setdefault(stage, []).append(value)

    @property
    def drift_ms(self) -> float:
        """How much later the last third's results came than the first third's."""
        third = len(self.latencies) // 3
        return 1000 * (median(self.latencies[-third:]) - median(self.latencies[:third])) if third else 0.0


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
        yield Row(f"{name}/skipped", 100 * ours.skipped / ours.frames, skipped, "% skipped")
        yield Row(f"{name}/rate", ours.frames / ours.seconds, rate(clip), "frames/s")
        yield Row(f"{name}/drift", ours.drift_ms, None, "ms")
        for stage, values in ours.stages_ms.items():
            yield Row(f"{name}/{stage}", median(values), None, "ms")


def watch(clip: Path, seconds: float) -> Watched:
    """The real processes on a clip at its own pace, over and over, from some seconds after the first result on."""
    settings = {"capture_source": f"clip={clip}", "capture_mode": "live", "min_face_size": MIN_FACE_SIZE}
    watched, settled, latest = Watched(), float("inf"), float("inf")
    with Pipeline(settings) as pipeline:
        for row, at in pipeline.rows():
            latest = min(latest, at + FACELESS_S)
            if settled == float("inf") and (at > latest or any(face.label for face in row.faces)):
                settled = at + SETTLE_S
            if at > settled + seconds:
                break
            if at >= settled and not (row.end and row.size is None):  # else only a run's end is said
                watched.note(row, at)
                watched.seconds = at - settled
    if not watched.latencies:
        raise AffectError(f"{clip.name} gave no result in {seconds:.0f} s")
    return watched
