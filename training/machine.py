"""What a training process asks of its machine: memory, arithmetic, compiled networks, and a stop by signal or time."""

import contextlib
import ctypes
import signal

import torch
from torch import Tensor, nn

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""Of glibc's malloc.h."""


def prepare(threads: int) -> None:
    """Sets the number of CPU threads, keeps freed memory, and lets a CUDA device choose what is fastest for it."""
    torch.set_num_threads(threads)
    if torch.cuda.is_available():
        torch.set_float32_matmul_precision("high")  # TensorFloat-32 for what is not computed in bfloat16
        torch.backends.cudnn.benchmark = True
    # A step's feature maps exceed the mmap threshold of glibc's malloc; paging them in again doubles the time of
    # EmotionCNN's step.
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, -1)


def compile_network(network: nn.Module, device: torch.device) -> bool:
    """Compiles a network's forward and backward pass in place, so that its weights keep their names.

    Returns False, and prints why, where torch has no working compiler for the device.
    """
    try:
        torch.compile(_probe)(torch.zeros(8, device=device))
    except Exception as error:  # noqa: BLE001 - a missing compiler shows in many kinds of exceptions
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        print(f"not compiled, the run goes on without: {reason}", flush=True)
        return False
    network.compile(dynamic=False)
    return True


def _probe(x: Tensor) -> Tensor:
    return x.relu() + 1


def stop_on_signal(seconds: float = 0.0) -> list[int]:
    """A list that Ctrl-C, SIGTERM or the end of `seconds` (0: never) fills; training looks at it after every step."""
    stop: list[int] = []
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(one, lambda received, _: stop.append(received))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    return stop
