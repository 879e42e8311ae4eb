"""Rows `cpu/…`: milliseconds of processor time that a frame costs in each stage's process, waiting not counted."""

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median

import psutil

from benchmarks.measure import Row
from benchmarks.plan import Plan
from benchmarks.processes import Pipeline
from benchmarks.seed_loop import SeedLoop
from shared.stages import NEEDED

MIN_FACE_SIZE = 20
WARM_FRAMES = 15


def rows(plan: Plan) -> Iterator[Row]:
    """The demo in replay; all stages together against the loop on the same frames."""
    clip, frames = plan.demo(), plan.many(200, 45)
    loop = SeedLoop(MIN_FACE_SIZE)
    rounds = [(ours(clip, frames), reference(loop, clip, frames)) for _ in range(plan.many(3, 1))]
    used = {stage: median(mine[stage] for mine, _ in rounds) for stage in NEEDED}
    for stage, cost in used.items():
        yield Row(f"cpu/{stage}", cost, None, "ms")
    yield Row("cpu/all", sum(used.values()), median(its for _, its in rounds), "ms")


def ours(clip: Path, frames: int) -> dict[str, float]:
    """Milliseconds a frame by stage."""
    settings = {"capture_source": f"clip={clip}", "capture_mode": "replay", "min_face_size": MIN_FACE_SIZE}
    with Pipeline(settings) as pipeline:
        results = pipeline.rows()
        for _ in islice(results, WARM_FRAMES):
            pass
        pids = {stage: pipeline.ready(stage)[0].pid for stage in NEEDED}
        before = {stage: _spent_s(pid) for stage, pid in pids.items()}
        for _ in islice(results, frames):
            pass
        return {stage: (_spent_s(pid) - before[stage]) * 1000 / frames for stage, pid in pids.items()}


def reference(loop: SeedLoop, clip: Path, frames: int) -> float:
    """Milliseconds a frame of this process, all its threads together."""
    before = time.process_time()
    loop.rate(clip, frames)
    return (time.process_time() - before) * 1000 / frames


def _spent_s(pid: int) -> float:
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)
