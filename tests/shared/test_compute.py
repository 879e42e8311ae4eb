"""Where networks run."""

import importlib.util
import sys
from unittest.mock import Mock

import pytest
import torch

from shared import compute
from shared.compute import choose_device, computes_bf16
from shared.errors import ConfigurationError


def test_an_unknown_device_is_refused():
    """The message names the setting, the value and the choices."""
    with pytest.raises(ConfigurationError, match=r"AFFECT_DEVICE='gpu'.*auto \| cpu \| cuda \| mps"):
        choose_device("gpu")


def test_an_absent_device_is_refused(monkeypatch):
    """Asking for CUDA where torch has none does not fall back silently."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigurationError, match=r"AFFECT_DEVICE='cuda' is not available"):
        choose_device("cuda")


def test_without_torch_the_remedy_is_named(monkeypatch):
    """`auto` takes the CPU then; an accelerator that was asked for is refused with the command that installs it."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(compute, "_may_accelerate", lambda system: True)
    assert choose_device("auto") == choose_device("cpu") == "cpu"
    with pytest.raises(ConfigurationError, match=r"AFFECT_DEVICE=cuda needs torch.*make run TORCH=1.*\[torch\]"):
        choose_device("cuda")


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_prefers_cuda_then_mps(monkeypatch, cuda, mps, expected):
    """`auto` takes the best device that torch reports."""
    monkeypatch.setattr(compute, "_may_accelerate", lambda system: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.mps, "is_available", lambda: mps)
    assert choose_device("auto") == expected


@pytest.mark.parametrize(
    ("limit", "bf16"),
    [("", True), ("AVX2", False), ("avx512_core", False), ("AVX512_CORE_BF16", True), ("AVX512_CORE_AMX", True)],
)
def test_a_processor_held_to_fewer_instructions_has_no_bfloat16(
    limit: str, bf16: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """oneDNN's own variable is respected: asked for bfloat16 under it, OpenVINO finds no kernel and fails."""
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    core = Mock(get_property=lambda *_: ["FP32", "BF16"])
    assert computes_bf16(core) is bf16


@pytest.mark.parametrize(
    ("system", "driver", "likely"),
    [("darwin", "", True), ("linux", "/dev/dxg", True), ("linux", "/proc/driver/nvidia", True), ("linux", "", False)],
)
def test_torch_is_imported_where_it_may_find_a_gpu(
    system: str, driver: str, likely: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any Mac is asked, a Linux only with a driver: importing torch takes seconds."""
    monkeypatch.delitem(sys.modules, "torch")
    assert compute._may_accelerate(system, driver.__eq__) is likely
