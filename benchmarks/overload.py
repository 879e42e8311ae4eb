"""Rows `overload/…`: results when the workers are too slow: real stages around stand-ins of fixed cost, and the real
detector on an overloaded processor.
"""

import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median

import numpy as np

from benchmarks.detector import rate
from benchmarks.measure import Row
from benchmarks.pictures import crowd, write_still
from benchmarks.plan import Plan
from benchmarks.processes import Pipeline
from benchmarks.standin import FACES
from shared.errors import AffectError
from shared.status import Status

FPS = 30
TIMES = (2, 10, 100)
"""Cost of a frame in a stand-in, in frame intervals."""
SOURCES = (1, 8)
CLASSIFY_EVERY = 3
BUSY_LOOPS_PER_CORE = 4


@dataclass
class Watched:
    """What came in so many seconds: complete results by source, their ages in seconds, memory in MB, processes."""

    seconds: float = 0.0
    results: Counter[str] = field(default_factory=Counter)
    classified: int = 0
    faces: int = 0
    ages: list[float] = field(default_factory=list)
    detect_ms: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    pids: set[int] = field(default_factory=set)

    def rate(self) -> float:
        """Complete results a second."""
        return sum(self.results.values()) / self.seconds

    def fairness(self) -> float:
        """What the source with the least results got, as a share of the mean."""
        return min(self.results.values()) / mean(self.results.values())

    def growth(self) -> float:
        """Megabytes by which the last third's memory is above the first third's."""
        third = max(1, len(self.memory) // 3)
        return median(self.memory[-third:]) - median(self.memory[:third])


def rows(plan: Plan) -> Iterator[Row]:
    """Rates against what the workers could do, ages against three times what a frame takes."""
    clip = write_still(plan.scratch / "still.mp4", crowd(FACES, (320, 180)), frames=220 * FPS)
    for stage in ("detector", "classifier"):
        for times in TIMES:
            for count in SOURCES:
                name = f"overload/{stage}-x{times}/{count}"
                if plan.wants(name):
                    yield from _slow_worker(plan, name, clip, stage, times / FPS, count)
    if plan.wants("overload/busy"):
        yield from _busy_processor(plan)


def _slow_worker(plan: Plan, name: str, clip: Path, stage: str, cost_s: float, count: int) -> Iterator[Row]:
    """One worker of a stage takes `cost_s` for a frame, whatever its size; the other stage's takes no time."""
    costs_ms = {"detector": 0.0, "classifier": 0.0} | {
        stage: 1000 * cost_s / (FACES if stage == "classifier" else 1)  # a classifier's is for a face
    }
    settings = {
        "capture_source": ",".join(f"s{index}={clip}" for index in range(count)),
        "capture_at_end": "hold",
        "classify_every": CLASSIFY_EVERY,
    }
    commands = [[sys.executable, "-m", "benchmarks.standin", name, str(cost)] for name, cost in costs_ms.items()]
    seconds = max(plan.many(120, 20) if cost_s > 1 else plan.many(30, 6), 2.2 * count * cost_s)
    with Pipeline(settings, stages=["bus", "capture", "smoother"]) as pipeline:
        seen = watch(pipeline, commands, seconds, settle_s=max(3.0, (count + 1) * cost_s), sources=count)
    able = min(1 / cost_s, FPS * count / (1 if stage == "detector" else CLASSIFY_EVERY))
    done = seen.rate() if stage == "detector" else seen.classified / seen.seconds
    yield Row(f"{name}/rate", done, able, "frames/s")
    yield Row(f"{name}/age", 1000 * float(np.percentile(seen.ages, 95)), 3000 * cost_s, "ms")
    if count > 1:
        yield Row(f"{name}/fairness", seen.fairness(), None, "share")
    yield Row(f"{name}/growth", seen.growth(), None, "MB")
    yield Row(f"{name}/restarts", len(seen.pids) - 1.0, None, "restarts")


def _busy_processor(plan: Plan) -> Iterator[Row]:
    """The real stages search every whole frame for the smallest faces, competing with busy processes."""
    clip = plan.clip("facenet_pytorch_video") or plan.demo()
    settings = {"capture_source": f"hall={clip}", "min_face_size": 12, "scan_seconds": 0}
    with busy((os.cpu_count() or 1) * BUSY_LOOPS_PER_CORE), Pipeline(settings) as pipeline:
        seen = watch(pipeline, [], plan.many(120, 20), settle_s=5.0)
    yield Row("overload/busy/rate", seen.rate(), min(rate(clip), 1000 / mean(seen.detect_ms)), "frames/s")
    yield Row("overload/busy/faces", seen.faces / sum(seen.results.values()), None, "faces/frame")
    yield Row("overload/busy/age", 1000 * float(np.percentile(seen.ages, 95)), 3 * max(seen.detect_ms), "ms")
    yield Row("overload/busy/growth", seen.growth(), None, "MB")
    yield Row("overload/busy/restarts", len(seen.pids) - 1.0, None, "restarts")


def watch(
    pipeline: Pipeline, commands: Sequence[Sequence[str]], seconds: float, settle_s: float, sources: int = 1
) -> Watched:
    """The complete results of so many seconds, from some time after the first one of each source on."""
    for command in commands:
        pipeline.launch(*command)
    seen, settled, first = Watched(), float("inf"), set[str]()
    for row, at in pipeline.rows():
        if row.complete:
            first.add(row.source)
        if settled == float("inf") and len(first) == sources:
            settled = at + settle_s
            seen.results = Counter(dict.fromkeys(first, 0))
        if at > settled + seconds:
            break
        if at < settled:
            continue
        seen.seconds = at - settled
        _note_processes(seen, pipeline.statuses)
        if row.complete:
            seen.results[row.source] += 1
            seen.classified += row.classified
            seen.faces += len(row.faces)
            seen.ages.append(at - row.captured_ns / 1e9)
            seen.detect_ms.append(row.stages_ms.get("detect", 0.0))
    if not seen.ages:
        raise AffectError(f"no complete result in {seconds:.0f} s")
    return seen


def _note_processes(seen: Watched, statuses: Mapping[str, Status]) -> None:
    """Memory of those that could pile something up, and whether the detector is still the same."""
    piling = [status for status in statuses.values() if status.stage in ("bus", "capture", "detector", "classifier")]
    seen.memory.append(sum(status.memory_mb for status in piling))
    seen.pids |= {status.pid for status in piling if status.stage == "detector"}


@contextmanager
def busy(count: int) -> Iterator[None]:
    """`count` processes that keep the CPU busy while the context lasts."""
    loops = [multiprocessing.get_context("spawn").Process(target=_spin, daemon=True) for _ in range(count)]
    for loop in loops:
        loop.start()
    try:
        yield
    finally:
        for loop in loops:
            loop.terminate()
        for loop in loops:
            loop.join()


def _spin() -> None:
    while True:
        sum(range(10_000))
