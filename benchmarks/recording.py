"""Rows `recorder/…`: from films to tables by `python -m recorder`, against the seed-style loop, and what that costs."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median

from benchmarks.measure import Row, alternate
from benchmarks.pictures import write_demo
from benchmarks.plan import Plan
from benchmarks.private import Recorder
from benchmarks.processes import Pipeline
from benchmarks.replay import MIN_FACE_SIZE
from benchmarks.seed_loop import SeedLoop
from recorder import Recorded, record
from shared.errors import AffectError
from shared.results import Smoothed

SMALL = (320, 180)
FILMS = 4
LONG_FPS, LONG_S = 2.0, 7200.0
GROWING = ("recorder", "capture", "smoother")
_SETTLED = 20  # results after which all stages are there, and a recorder that joins has acknowledged some


def rows(plan: Plan) -> Iterator[Row]:
    """All rows of each clip, then those of a folder and of a long film."""
    for clip in plan.clips():
        yield from _of_clip(plan, clip)
    if plan.wants("recorder/next-film") or plan.wants("recorder/silence"):
        clip = write_demo(plan.scratch / "film.mp4", plan.many(240, 120), SMALL)
        films = [Path(shutil.copy(clip, plan.scratch / f"film {number}.mp4")) for number in range(FILMS)]
        gaps, silences = zip(*(between(films) for _ in range(plan.many(3, 1))), strict=True)
        yield Row("recorder/next-film", median(gaps), None, "s")
        yield Row("recorder/silence", median(silences), None, "s")
    if plan.wants("recorder/start"):
        clip = write_demo(plan.scratch / "short.mp4", 60, SMALL)
        yield Row("recorder/start", median(start(clip) for _ in range(plan.many(5, 1))), None, "s")
    if plan.wants("recorder/memory"):
        frames = round(LONG_FPS * plan.many(round(LONG_S), 300))
        yield from memory(write_demo(plan.scratch / "long.mp4", frames, SMALL, LONG_FPS))


def _of_clip(plan: Plan, clip: Path) -> Iterator[Row]:
    """Frames per second until the last row is written; what writing, an annotated film, and `fer` take."""
    name, out = f"recorder/{clip.stem}", plan.scratch / "recordings"
    rounds = plan.many(3, 1)
    if plan.wants(f"{name}/rate"):
        sides = partial(rate, clip, out), partial(SeedLoop(MIN_FACE_SIZE).rate, clip, plan.many(10_000, 30))
        yield Row(f"{name}/rate", *alternate(*sides, rounds=rounds), "frames/s")
    if plan.wants(f"{name}/annotated"):
        both = partial(seconds, clip, out, annotate=True), partial(seconds, clip, out, annotate=False)
        yield Row(f"{name}/annotated", *alternate(*both, rounds=rounds), "s")
    if plan.wants(f"{name}/writing"):
        replays = partial(written, clip), partial(replayed, clip)
        yield Row(f"{name}/writing", *alternate(*replays, rounds=rounds), "frames/s")
    if plan.wants(f"{name}/attached"):
        replays = partial(replayed, clip, plan.scratch / "attached"), partial(replayed, clip)
        yield Row(f"{name}/attached", *alternate(*replays, rounds=rounds), "frames/s")
    if plan.fer and plan.wants(f"{name}/fer"):
        others = partial(rate, clip, out), partial(fer_rate, clip, plan.fer)
        yield Row(f"{name}/fer", *alternate(*others, rounds=plan.many(1, 1)), "frames/s")


def rate(clip: Path, out: Path) -> float:
    """Frames per second from the start of the clip's capture to its last row."""
    run = _recorded(clip, out).run
    return float(run["frames"] / run["seconds"])


def seconds(clip: Path, out: Path, *, annotate: bool) -> float:
    """Seconds of the command as a whole, from its start to its end."""
    started = time.perf_counter()
    _recorded(clip, out, annotate=annotate)
    return time.perf_counter() - started


def written(clip: Path) -> float:
    """Frames per second of the recorder once it runs, without start and tables."""
    with Recorder([clip], "--min-face-size", str(MIN_FACE_SIZE), "--workers", "1") as recorder:
        return _settled(recorder.rows())


def replayed(clip: Path, out: Path | None = None) -> float:
    """The same of a pipeline in replay whose frames are acknowledged by the smoother.

    Or, with a folder, by a recorder of that pipeline, which flushes each row to disk before.
    """
    settings: dict[str, object] = {"capture_source": f"clip={clip}", "min_face_size": MIN_FACE_SIZE}
    settings |= {"capture_mode": "replay", "capture_at_end": "hold", "capture_ack": "recorder" if out else "smoother"}
    with Pipeline(settings) as pipeline:
        if out:
            pipeline.launch(sys.executable, "-m", "recorder", "--attach", "--out", str(out))
        return _settled(pipeline.rows())


def _settled(rows: Iterator[tuple[Smoothed, float]]) -> float:
    """Frames per second up to the last of a film."""
    times = []
    for row, at in rows:
        times.append(at)
        if row.end:
            break
    if len(times) < _SETTLED + 2:
        raise AffectError(f"fewer than {_SETTLED + 2} frames came")
    return (len(times) - 1 - _SETTLED) / (times[-1] - times[_SETTLED])


def fer_rate(clip: Path, python: Path) -> float:
    """Frames per second of the package `fer`'s own loop over a video, in the interpreter that has it."""
    command = [str(python), str(Path(__file__).with_name("fer_loop.py")), str(clip)]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 — as asked for
    if done.returncode:
        raise AffectError(f"fer in {python} failed: {done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])


def between(films: list[Path]) -> tuple[float, float]:
    """Seconds from a film's last row to the next one's first (the median), and the longest time without any row."""
    with Recorder(films, "--min-face-size", str(MIN_FACE_SIZE)) as recorder:
        heard = [(row.source, at) for row, at in recorder.rows()]
    first = dict(reversed(heard))
    last = dict(heard)
    films_in_order = sorted(first)
    gaps = [first[after] - last[before] for before, after in pairwise(films_in_order)]
    return median(gaps), max(after - before for (_, before), (_, after) in pairwise(heard))


def start(clip: Path) -> float:
    """Seconds from the command to the first row, everything started anew."""
    with Recorder([clip], "--min-face-size", str(MIN_FACE_SIZE)) as recorder:
        for _, at in recorder.rows():
            return at - recorder.began_at
    raise AffectError("no row came")


def memory(clip: Path) -> Iterator[Row]:
    """Resident memory of the stages that a long film might fill, at its end and after its first minute."""
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    with Recorder([clip], "--min-face-size", str(MIN_FACE_SIZE)) as recorder:
        for row, _ in recorder.rows():
            if not first and row.pts >= 60.0:
                first = {stage: recorder.memory_mb(stage) for stage in GROWING}
            if row.seq % 500 == 0 or row.end:
                last |= {stage: mb for stage in GROWING if (mb := recorder.memory_mb(stage))}
    for stage in GROWING:
        yield Row(f"recorder/memory/{stage}", last[stage], first[stage], "MB")


def _recorded(clip: Path, out: Path, *, annotate: bool = False) -> Recorded:
    (recorded,) = record(
        clip, out=out, min_face_size=MIN_FACE_SIZE, annotate=annotate, overwrite=True, quiet=True, images=False
    )
    return recorded
