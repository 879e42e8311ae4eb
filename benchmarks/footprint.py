"""Rows `startup/first-result`, `memory/…` and `install/…`.

Seconds to the first classified face, megabytes while running, and what installing takes.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median

import psutil

from benchmarks.measure import Row, alternate
from benchmarks.plan import Plan
from benchmarks.processes import ROOT, Pipeline
from shared.errors import AffectError
from shared.stages import NEEDED

FRAMES = 60


def startup(plan: Plan) -> Iterator[Row]:
    """From the command to the first face with a label, everything started anew; files may be in the system's cache."""
    clip = plan.demo()
    sides = (lambda: _first_result(clip)), (lambda: _seed_facts(clip)[0])
    yield Row("startup/first-result", *alternate(*sides, rounds=plan.many(5, 1), warm_ups=plan.many(1, 0)), "s")


def memory(plan: Plan) -> Iterator[Row]:
    """Resident memory of each stage's process after some seconds of work; all together against the loop's process."""
    clip = plan.demo()
    with Pipeline(_settings(clip)) as pipeline:
        for _ in islice(pipeline.rows(), FRAMES):
            pass
        for _ in pipeline.rows(2):  # each says its status once a second
            pass
        used = {stage: sum(one.memory_mb for one in pipeline.ready(stage)) for stage in NEEDED}
    for stage, megabytes in used.items():
        yield Row(f"memory/{stage}", megabytes, None, "MB")
    yield Row("memory/all", sum(used.values()), _seed_facts(clip)[1], "MB")


def install(plan: Plan) -> Iterator[Row]:
    """What `make setup` without torch takes once its packages are in pip's or uv's cache, and fills.

    Only where `--only install` asks for it: the first round may download.
    """
    if not plan.only:
        return
    environment = plan.scratch / "environment"
    _install(environment)
    yield Row("install/seconds", median(_install(environment) for _ in range(plan.many(3, 1))), None, "s")
    used = sum(path.lstat().st_blocks * 512 for path in environment.rglob("*"))
    yield Row("install/size", used / 1e6, None, "MB")


def _install(environment: Path) -> float:
    """Seconds until a fresh environment can run everything; raises AffectError with the end of what was said."""
    shutil.rmtree(environment, ignore_errors=True)
    choice = [f"VENV={os.path.relpath(environment, ROOT)}", f"PYTHON={sys.executable}", "TORCH=0"]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    start = time.perf_counter()
    done = subprocess.run(  # noqa: S603 — our own Makefile
        [shutil.which("make") or "make", "-C", str(ROOT), "setup", *choice],
        env=alone,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise AffectError(f"make setup failed: {done.stdout[-2000:]}")
    return time.perf_counter() - start


def _settings(clip: Path) -> dict[str, object]:
    return {"capture_source": f"clip={clip}", "capture_mode": "live"}


def _first_result(clip: Path) -> float:
    start = time.time()
    with Pipeline(_settings(clip)) as pipeline:
        return next(at for row, at in pipeline.rows() if any(face.label for face in row.faces)) - start


def _seed_facts(clip: Path) -> tuple[float, float]:
    """Of the seed-style loop: seconds to the first classified face, megabytes after FRAMES frames."""
    start = time.time()
    command = [sys.executable, "-m", "benchmarks.seed_loop", str(clip), str(FRAMES)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None  # noqa: S101 — asked for
        seconds = float("nan")
        for line in process.stdout:
            if line == "first\n":
                seconds = time.time() - start
            elif line == "done\n":
                break
        megabytes = psutil.Process(process.pid).memory_info().rss / 1e6
        process.communicate()
    return seconds, megabytes
