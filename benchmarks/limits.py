"""Holds a benchmark run to smaller vector units than the processor has, for figures of the many that have only those.

Each library is told in its own way, by the environment, before it is imported; the processes that a benchmark starts
inherit it. Both sides of a row are held. Clocks and caches stay this processor's: a real one may differ.
"""

import os
from collections.abc import Mapping, Sequence

VECTORS: dict[str, dict[str, str]] = {
    "avx2": {
        "ONEDNN_MAX_CPU_ISA": "AVX2",  # OpenVINO's and torch's convolutions
        "ATEN_CPU_CAPABILITY": "avx2",  # torch's other operations
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "NUMBA_CPU_NAME": "haswell",
        "OPENCV_CPU_DISABLE": "AVX512-SKX",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    },
}
"""Environment variables by the largest vector units to use."""


def held(environment: Mapping[str, str]) -> str:
    """The limit in force: a name in VECTORS, or "" for none."""
    return next((name for name, wanted in VECTORS.items() if wanted.items() <= environment.items()), "")


def rerun(name: str, command: Sequence[str]) -> None:
    """Replace this process by `command` (the interpreter first) under the limit; returns if it is in force already."""
    if held(os.environ) != name:
        os.execve(command[0], list(command), os.environ | VECTORS[name])  # noqa: S606 - our own command
