"""Where networks run: the choice of device, and the CPU runtime, imported without its telemetry."""

import importlib.util
import os
import sys
from collections.abc import Callable
from typing import Any

from shared.errors import ConfigurationError
from shared.extras import ROOT, remedy

DEVICES = ("auto", "cpu", "cuda", "mps")
_WITH_BF16 = ("BF16", "FP16", "AMX", "AVX10", "VNNI_2", "ALL", "DEFAULT")
"""In the names of oneDNN's instruction sets that include bfloat16, or all."""


def choose_device(device: str) -> str:
    """`device` as cpu, cuda or mps; `auto` takes the first available of cuda, mps, cpu.

    Raises ConfigurationError for an unknown or unavailable device.
    """
    if device not in DEVICES:
        raise ConfigurationError(f"AFFECT_DEVICE={device!r} is unknown; allowed: {' | '.join(DEVICES)}")
    installed = importlib.util.find_spec("torch") is not None
    if device == "cpu" or (device == "auto" and not (installed and _may_accelerate(sys.platform))):
        return "cpu"
    if not installed:
        raise ConfigurationError(
            f"AFFECT_DEVICE={device} needs torch, which is not installed: make run TORCH=1, or {remedy(ROOT, 'torch')}"
        )
    import torch

    present = [name for name in ("cuda", "mps") if getattr(torch, name).is_available()]
    if device == "auto":
        return [*present, "cpu"][0]
    if device not in present:
        raise ConfigurationError(f"AFFECT_DEVICE={device!r} is not available to torch here; allowed: auto | cpu")
    return device


def _may_accelerate(system: str, exists: Callable[[str], bool] = os.path.exists) -> bool:
    """Whether an accelerator is likely enough to spend seconds on importing torch: a Mac's GPU, or a driver's file."""
    drivers = ("/proc/driver/nvidia", "/dev/dxg", "/dev/kfd", "/dev/nvhost-gpu")  # NVIDIA, WSL, AMD, Jetson
    return "torch" in sys.modules or system == "darwin" or any(map(exists, drivers))


def import_openvino() -> Any:
    """The OpenVINO module, without the telemetry that reports each import to a web service."""
    if "openvino" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # OpenVINO treats it as not installed
    import openvino

    return openvino


def computes_bf16(core: Any) -> bool:
    """Whether the CPU of this `openvino.Core` has native bfloat16; emulated, it only costs accuracy.

    False if `ONEDNN_MAX_CPU_ISA` keeps oneDNN from using it: OpenVINO would promise it and then find no kernel.
    """
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA", "").upper()
    if limit and not any(name in limit for name in _WITH_BF16):
        return False
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def has_bf16(device: str) -> bool:
    """Whether training in bfloat16 pays on cpu, cuda or mps; a CPU that emulates it takes ten times as long."""
    if device == "cuda":
        import torch

        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device == "cpu" and computes_bf16(import_openvino().Core())
