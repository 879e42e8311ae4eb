"""Rows `parts/…`: the time of each step of a full scan, and this processor's peak throughput."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks import detector
from benchmarks.measure import Row, milliseconds
from benchmarks.plan import Plan
from detector import cascade
from detector.mtcnn import Detector
from detector.networks import OpenVinoNetworks
from detector.pyramid import Canvas

MIN_FACE_SIZE = 20
CLIP = "liveportrait_s18"
STEPS: dict[str, tuple[Any, str]] = {
    "pyramid": (Canvas, "draw"),
    "pnet-scan": (OpenVinoNetworks, "scan"),
    "pnet-windows": (Canvas, "windows"),
    "nms": (cascade, "suppress"),
    "crops": (cascade, "scaled_crops"),
    "rnet-screen": (OpenVinoNetworks, "screen"),
    "networks": (OpenVinoNetworks, "run"),
}
"""Steps of the cascade and the functions that do them."""


def rows(plan: Plan) -> Iterator[Row]:
    """Medians over some frames of a clip, milliseconds; `rest` is Python between the steps."""
    finder = detector.ours(MIN_FACE_SIZE)
    clip = plan.clip(CLIP) or plan.demo()
    frames = list(islice(detector.frames(clip, 7), plan.many(30, 5)))
    finder.detect(frames[0])
    spent: dict[str, list[float]] = defaultdict(list)
    for frame in frames:
        for name, took in one(finder, frame).items():
            spent[name].append(took)
    for name, values in spent.items():
        yield Row(f"parts/{name}", median(values), None, "ms")
    yield Row("parts/peak", peak(), None, "Gop/s")


def one(finder: Detector, frame: np.ndarray) -> dict[str, float]:
    """Milliseconds of each step for a frame."""
    spent = dict.fromkeys(STEPS, 0.0)

    def timed(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **options: Any) -> Any:
            start = time.perf_counter()
            result = call(*arguments, **options)
            spent[name] += (time.perf_counter() - start) * 1000
            return result

        return run

    with ExitStack() as patches:
        for name, (owner, function) in STEPS.items():
            patches.enter_context(patch.object(owner, function, timed(name, getattr(owner, function))))
        whole = milliseconds(lambda: finder.detect(frame))()
    return spent | {"rest": whole - sum(spent.values())}


def peak(side: int = 2048) -> float:
    """Billions of multiplications and additions per second in a bf16 matrix product on one thread, best of ten."""
    import torch

    torch.set_num_threads(1)
    a, b = (torch.randn(side, side, dtype=torch.bfloat16) for _ in range(2))
    return 2 * side**3 / min(milliseconds(lambda: a @ b)() for _ in range(10)) / 1e6
