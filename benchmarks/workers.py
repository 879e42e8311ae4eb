"""Rows `workers/…`: how well the work is shared. Real stages on the real bus, around stand-ins of fixed cost."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, alternate
from benchmarks.pictures import crowd, write_still
from benchmarks.plan import Plan
from benchmarks.processes import Pipeline
from shared.errors import AffectError

COST_MS = 50
SLOW_MS = 5 * COST_MS
COUNTS = (1, 2, 4, 8, 16)
SETTLE_S = 3.0


def rows(plan: Plan) -> Iterator[Row]:
    """Crops per second of some classifiers together against the sum of what each does alone."""
    clip = write_still(plan.scratch / "still.mp4", crowd(4, (320, 180)), frames=4000)
    seconds, rounds = plan.many(20, 6), plan.many(3, 1)
    cases = {str(count): [COST_MS] * count for count in COUNTS[: plan.many(len(COUNTS), 3)]}
    for name, costs in (cases | {"slow-sibling": [COST_MS, SLOW_MS]}).items():
        if plan.wants(f"workers/{name}"):
            sides = partial(throughput, clip, costs, seconds), partial(alone, clip, costs, seconds)
            yield Row(f"workers/{name}", *alternate(*sides, rounds=rounds), "crops/s")


def alone(clip: Path, costs_ms: Sequence[int], seconds: float) -> float:
    """What such classifiers do one by one, each kind measured once, added up."""
    return sum(count * throughput(clip, [cost], seconds) for cost, count in Counter(costs_ms).items())


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
