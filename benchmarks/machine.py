"""Describes the machine of a measurement, without host, user or path."""

import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks import limits
from benchmarks.processes import ROOT
from classifier.release import MODELS

PACKAGES = ("numpy", "opencv-python-headless", "openvino", "numba", "torch", "facenet-pytorch", "pyzmq", "msgspec")
_UNITS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "asimd", "bf16", "i8mm")


def describe() -> dict[str, object]:
    """Cores, processor, memory, versions, commit, and how busy the machine was (load of one minute)."""
    facts = _cpu_facts()
    return {
        "cpu": facts.get("model name") or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "vector_units": vector_units(),
        "held_to": limits.held(os.environ),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": f"{platform.system()} {platform.machine()}",
        "load_at_start": round(os.getloadavg()[0], 1),
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
        "models": {file.parent.name: json.loads(file.read_text())["version"] for file in MODELS.glob("*/config.json")},
        "commit": _commit(),
    }


def vector_units() -> list[str]:
    """Those that speed depends on, by the names that Linux gives them; none elsewhere."""
    facts = _cpu_facts()
    return [unit for unit in _UNITS if unit in (facts.get("flags") or facts.get("Features") or "").split()]


def _commit() -> str:
    """The project's commit, with a + where files differ from it; empty outside a clone."""
    command = ["git", "describe", "--always", "--exclude=*", "--dirty=+"]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return ""


def _cpu_facts() -> dict[str, str]:
    """What Linux says of its first processor; empty elsewhere."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().partition("\n\n")[0].splitlines() if path.exists() else []
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
