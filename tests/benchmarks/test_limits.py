"""Runs that are held to smaller vector units."""

import os
import subprocess
import sys

import pytest

from benchmarks import limits, machine
from benchmarks.processes import ROOT


def test_a_limit_is_in_force_only_as_a_whole() -> None:
    """What is saved with a figure must not claim a limit that one of the libraries does not know of."""
    whole = dict(limits.VECTORS["avx2"])
    assert limits.held(whole | {"HOME": "/"}) == "avx2"
    whole.popitem()
    assert limits.held(whole) == ""


def test_a_run_begins_anew_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries read their variables when they are imported; under the limit the run goes on."""
    begun: list[list[str]] = []
    monkeypatch.setattr(os, "execve", lambda path, command, environment: begun.append(command))
    limits.rerun("avx2", ["python", "-m", "benchmarks"])
    assert begun == [["python", "-m", "benchmarks"]]
    for name, value in limits.VECTORS["avx2"].items():
        monkeypatch.setenv(name, value)
    limits.rerun("avx2", ["python"])
    assert len(begun) == 1


@pytest.mark.skipif("avx2" not in machine.vector_units(), reason="no AVX2 here")
def test_the_libraries_obey() -> None:
    """Each names what it may use; the detector and the classifier work."""
    code = """
import cv2, numba, torch
from pathlib import Path
from classifier.backends import load_classifier
from classifier.release import MODELS
import numpy as np
assert torch.backends.cpu.get_cpu_capability() == "AVX2", torch.backends.cpu.get_cpu_capability()
assert "AVX512-SKX?" in cv2.getCPUFeaturesLine() or "AVX512" not in cv2.getCPUFeaturesLine()
assert numba.core.config.CPU_NAME == "haswell"
load_classifier("emotion-net", MODELS, "cpu").classify([np.zeros((48, 48, 3), np.uint8)])
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ | limits.VECTORS["avx2"], check=True)
