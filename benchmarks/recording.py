"""Rows `recorder/…`: from a film to its tables, by `python -m recorder`, against the seed-style loop."""

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.measure import Row, alternate
from benchmarks.plan import Plan
from benchmarks.replay import MIN_FACE_SIZE
from benchmarks.seed_loop import SeedLoop
from recorder import Recorded, record


def rows(plan: Plan) -> Iterator[Row]:
    """Each clip: frames per second until the last row is written; and seconds of the command, annotating or not."""
    loop = SeedLoop(MIN_FACE_SIZE)
    for clip in plan.clips():
        name, out = f"recorder/{clip.stem}", plan.scratch / "recordings"
        if plan.wants(f"{name}/rate"):
            sides = partial(rate, clip, out), partial(loop.rate, clip, plan.many(10_000, 30))
            yield Row(f"{name}/rate", *alternate(*sides, rounds=plan.many(3, 1)), "frames/s")
        if plan.wants(f"{name}/annotated"):
            both = partial(seconds, clip, out, annotate=True), partial(seconds, clip, out, annotate=False)
            yield Row(f"{name}/annotated", *alternate(*both, rounds=plan.many(3, 1)), "s")


def rate(clip: Path, out: Path) -> float:
    """Frames per second from the start of the clip's capture to its last row."""
    run = _recorded(clip, out).run
    return float(run["frames"] / run["seconds"])


def seconds(clip: Path, out: Path, *, annotate: bool) -> float:
    """Seconds of the command as a whole, from its start to its end."""
    started = time.perf_counter()
    _recorded(clip, out, annotate=annotate)
    return time.perf_counter() - started


def _recorded(clip: Path, out: Path, *, annotate: bool = False) -> Recorded:
    (recorded,) = record(
        clip, out=out, min_face_size=MIN_FACE_SIZE, annotate=annotate, overwrite=True, quiet=True, images=False
    )
    return recorded
