"""Rows `workers/…`: scaling with the number of workers: real stages around stand-ins of fixed cost."""

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from benchmarks.measure import Row
from benchmarks.pictures import crowd, write_still
from benchmarks.plan import Plan
from benchmarks.processes import Pipeline
from shared.errors import AffectError

COST_MS = 50
SLOW_MS = 5 * COST_MS
COUNTS = (1, 2, 4, 8, 16)
UNEVEN = {"slow-sibling": [COST_MS, SLOW_MS]}
SETTLE_S = 3.0


def rows(plan: Plan) -> Iterator[Row]:
    """Crops per second of several classifiers together against the sum of their rates alone, measured in turn."""
    clip = write_still(plan.scratch / "still.mp4", crowd(4, (320, 180)), frames=4000)
    counts = {str(count): [COST_MS] * count for count in COUNTS[: plan.many(len(COUNTS), 3)]}
    cases = {name: costs for name, costs in (counts | UNEVEN).items() if plan.wants(f"workers/{name}")}
    alone: defaultdict[int, list[float]] = defaultdict(list)
    together: defaultdict[str, list[float]] = defaultdict(list)
    for _ in range(plan.many(3, 1)):
        for cost in sorted({cost for costs in cases.values() for cost in costs}):
            alone[cost].append(throughput(clip, [cost], plan.many(12, 6)))
        for name, costs in cases.items():
            together[name].append(throughput(clip, costs, plan.many(12, 6)))
    for name, costs in cases.items():
        yield Row(f"workers/{name}", median(together[name]), sum(median(alone[cost]) for cost in costs), "crops/s")


def throughput(clip: Path, costs_ms: Sequence[int], seconds: float) -> float:
    """Crops per second of classifiers that take so many milliseconds a crop, some time after all are there."""
    settings = {
        "capture_source": f"still={clip}",
        "capture_mode": "replay",
        "classify_every": 1,
        "scan_seconds": 0,  # hints would hold the window at a few frames
        "classify_batch": 1,  # with a cost per crop, batches only make results come in bursts
    }
    with Pipeline(settings, stages=["bus", "capture", "smoother"]) as pipeline:
        for stage, cost in [("detector", 0), *(("classifier", cost) for cost in costs_ms)]:
            pipeline.launch(sys.executable, "-m", "benchmarks.standin", stage, str(cost))
        began = float("inf")
        counted: list[tuple[float, int]] = []
        for row, at in pipeline.rows():
            if began == float("inf") and len(pipeline.ready("classifier")) == len(costs_ms):
                began = at + SETTLE_S
            if at > began + seconds:
                break
            if at >= began:
                counted.append((at, sum(face.probs is not None for face in row.faces)))
    if len(counted) < 2:
        raise AffectError(f"classifiers of {costs_ms} ms a crop gave fewer than two results in {seconds:.0f} s")
    return sum(crops for _, crops in counted[1:]) / (counted[-1][0] - counted[0][0])
