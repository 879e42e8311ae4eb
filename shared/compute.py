"""Where networks run: the device asked for, and the CPU runtime, imported so that it calls nobody."""

import sys
from pathlib import Path
from typing import Any

from shared.errors import ConfigurationError

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(device: str) -> str:
    """`device` as cpu, cuda or mps; `auto` is the first of cuda, mps and cpu that is there.

    Raises ConfigurationError where the device is unknown or absent.
    """
    if device not in DEVICES:
        raise ConfigurationError(f"AFFECT_DEVICE={device!r} is unknown; allowed: {' | '.join(DEVICES)}")
    if device == "cpu" or (device == "auto" and not _may_accelerate()):
        return "cpu"
    import torch

    present = [name for name in ("cuda", "mps") if getattr(torch, name).is_available()]
    if device == "auto":
        return [*present, "cpu"][0]
    if device not in present:
        raise ConfigurationError(f"AFFECT_DEVICE={device!r} is not available to torch here; allowed: auto | cpu")
    return device


def _may_accelerate() -> bool:
    """Whether it is worth the seconds of importing torch to ask for an accelerator."""
    drivers = ("/proc/driver/nvidia", "/dev/dxg", "/dev/kfd", "/dev/nvhost-gpu")  # NVIDIA, WSL, AMD, Jetson
    return "torch" in sys.modules or sys.platform == "darwin" or any(Path(driver).exists() for driver in drivers)


def import_openvino() -> Any:
    """The OpenVINO module, without its telemetry: it reports its import to a web service through another package."""
    if "openvino" not in sys.modules:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # then it goes on silently without
    import openvino

    return openvino


def computes_bf16(core: Any) -> bool:
    """Whether the processor computes in bfloat16 itself, as an `openvino.Core` knows; else it only costs accuracy."""
    return "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def has_bf16(device: str) -> bool:
    """Whether cpu, cuda or mps gains by training in bfloat16; a CPU that has to emulate it takes ten times as long."""
    if device == "cuda":
        import torch

        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device == "cpu" and computes_bf16(import_openvino().Core())
