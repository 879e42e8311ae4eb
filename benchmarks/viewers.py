"""Rows `viewers/…`: what fifty pages that watch one source of 30 frames per second cost the pipeline.

`python -m benchmarks.viewers URL N` is these pages: each takes every snapshot and asks for the next at once.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, cast

import psutil
from websockets.asyncio.client import connect

from benchmarks.measure import Row
from benchmarks.plan import Plan
from benchmarks.processes import ROOT, Pipeline
from shared.errors import AffectError
from shared.stages import NEEDED
from shared.status import Status

VIEWERS = 50
SETTLE_S = 3.0
_READY = json.dumps({"focus": None, "pictures": "shown"})


def rows(plan: Plan) -> Iterator[Row]:
    """The same pipeline without viewers, with them, and without them again; the reference is the mean of both ends."""
    seconds = float(plan.many(20, 4))
    settings = {"capture_source": f"clip={plan.demo()}", "dashboard_port": 0}
    with Pipeline(settings, (*NEEDED, "dashboard")) as pipeline:
        url = _address(pipeline)
        before = _rate(pipeline, seconds)
        with _watching(url) as pages:
            dashboard = psutil.Process(_dashboard(pipeline).pid)
            _rate(pipeline, SETTLE_S)
            spent, seen = _processor_s(dashboard), pages.taken()
            during = _rate(pipeline, seconds)
            spent, seen = _processor_s(dashboard) - spent, pages.taken() - seen
        after = _rate(pipeline, seconds)
    name = f"viewers/{VIEWERS}"
    yield Row(f"{name}/rate", during, (before + after) / 2, "frames/s")
    yield Row(f"{name}/pictures", seen / VIEWERS / seconds, None, "pictures/s each")
    yield Row(f"{name}/server", 100 * spent / seconds, None, "% of a core")


def _rate(pipeline: Pipeline, seconds: float) -> float:
    """Complete results per second from a moment after now on."""
    begun, count = float("inf"), 0
    for row, _ in pipeline.rows():
        now = time.monotonic()
        begun = min(begun, now + SETTLE_S)
        if now >= begun + seconds:
            break
        count += now >= begun and row.complete
    return count / seconds


def _dashboard(pipeline: Pipeline) -> Status:
    ready = pipeline.ready("dashboard")
    if not ready:
        raise AffectError("the dashboard did not become ready")
    return ready[0]


def _address(pipeline: Pipeline) -> str:
    """The dashboard's address, once faces are found and it is there."""
    for row, _ in pipeline.rows():
        if pipeline.ready("dashboard") and any(face.label for face in row.faces):
            break
    return _dashboard(pipeline).detail


def _processor_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


class _Pages:
    """The process of the pages; it says how many pictures they have taken whenever it is asked."""

    def __init__(self, asked: IO[str], told: IO[str]):
        self._asked = asked
        self._told = told

    def taken(self) -> int:
        """The pictures that all pages have taken so far."""
        print(file=self._asked, flush=True)
        return int(self._told.readline())


@contextmanager
def _watching(url: str) -> Iterator[_Pages]:
    command = [sys.executable, "-m", "benchmarks.viewers", url, str(VIEWERS)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        yield _Pages(cast(IO[str], process.stdin), cast(IO[str], process.stdout))
    finally:
        process.kill()
        process.communicate()


async def _watch(url: str, viewers: int) -> None:
    taken = [0] * viewers

    async def page(number: int) -> None:
        async with connect(f"ws{url.removeprefix('http')}/view", max_size=None, compression=None) as socket:
            await socket.send(_READY)
            async for message in socket:
                header = bytes(message[:4]) if isinstance(message, bytes) else b""
                taken[number] += len(message) > 4 + int.from_bytes(header, "big")
                await socket.send(_READY)

    async def tell() -> None:
        while await asyncio.to_thread(sys.stdin.readline):
            print(sum(taken), flush=True)

    async with asyncio.TaskGroup() as group:
        for number in range(viewers):
            group.create_task(page(number))
        group.create_task(tell())


if __name__ == "__main__":
    asyncio.run(_watch(sys.argv[1], int(sys.argv[2])))
