"""Rows `pipeline/…` and `sources/…`: the real processes in replay against the seed-style loop, in frames per second."""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks.measure import Row, alternate
from benchmarks.plan import Plan
from benchmarks.processes import Pipeline
from benchmarks.seed_loop import SeedLoop, first
from shared.errors import AffectError

MIN_FACE_SIZE = 20
SOURCES = (1, 2, 4, 8)
LEAST_FRAMES = 250


def clips(plan: Plan) -> Iterator[Row]:
    """Each clip from its first result to its last, one detector and one classifier, as `make run` starts them.

    Ours shows short clips several times, so that it runs for seconds.
    """
    frames, loop = plan.many(10_000, 30), SeedLoop(MIN_FACE_SIZE)
    for clip in plan.clips():
        name = f"pipeline/{clip.stem}"
        if plan.wants(name):
            passes = 1 if plan.quick else math.ceil(LEAST_FRAMES / sum(1 for _ in first(clip, LEAST_FRAMES)))
            sides = partial(rate, [clip], frames, passes), partial(loop.rate, clip, frames)
            yield Row(name, *alternate(*sides, rounds=plan.many(3, 1)), "frames/s")


def sources(plan: Plan) -> Iterator[Row]:
    """Several copies of one clip at once, all frames counted; the loop takes one after the other."""
    clip, loop, frames = plan.demo(), SeedLoop(MIN_FACE_SIZE), plan.many(100, 20)
    for count in SOURCES[: plan.many(len(SOURCES), 2)]:
        name = f"sources/{count}"
        if plan.wants(name):
            sides = partial(rate, [clip] * count, frames * count), partial(loop.rate, clip, frames)
            yield Row(name, *alternate(*sides, rounds=plan.many(3, 1)), "frames/s")


def rate(paths: Sequence[Path], most: int, passes: int = 1) -> float:
    """Frames per second of the pipeline over the first `most` results of all sources together, or so many passes."""
    listed = ",".join(f"clip{index}={path}" for index, path in enumerate(paths))
    settings = {
        "capture_source": listed,
        "capture_mode": "replay",
        "capture_at_end": "hold" if passes == 1 else "loop",
        "min_face_size": MIN_FACE_SIZE,
    }
    times: list[float] = []
    with Pipeline(settings) as pipeline:
        ended = 0
        for row, at in islice(pipeline.rows(), most):
            times.append(at)
            ended += row.end
            if ended == len(paths) * passes:
                break
    if len(times) < 2:
        raise AffectError(f"fewer than two results of {', '.join(path.name for path in paths)}")
    return (len(times) - 1) / (times[-1] - times[0])
