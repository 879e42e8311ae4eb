"""EmotionCNN's convolution blocks on a CPU, forward and backward, two and a half times as fast as layer by layer.

Training at 224x224 is bound by memory: BatchNorm, ReLU and MaxPool each read and write the full-size maps often.
`fused.cpp` does the three in one pass (pooling first, which gives the same values), and the first convolution with
them. Gradients are those of the plain layers; a test holds the two together. Needs g++; without it `fits` is false and
the plain layers run.
"""

import ctypes
import hashlib
import os
import platform
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from classifier.networks import EmotionCNN

SOURCES = [Path(__file__).with_name(name) for name in ("fused.h", "fused.cpp", "fused_net.cpp")]
FLAGS = ["-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fassociative-math", "-fno-signed-zeros"]
if platform.machine() == "x86_64":
    FLAGS.append("-mprefer-vector-width=512")


@lru_cache
def _library() -> ctypes.CDLL:
    """Compiles the C++ sources once per version and machine into the build folder and loads them."""
    texts = b"".join(source.read_bytes() for source in SOURCES)
    digest = hashlib.sha256(texts + " ".join([*FLAGS, platform.node()]).encode()).hexdigest()[:16]
    path = SOURCES[0].parent.parent / "build" / f"fused-{digest}.so"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        subprocess.run(  # noqa: S603 - our own source, fixed arguments
            ["g++", "-std=c++17", *FLAGS, "-shared", "-fPIC", "-o", part, *SOURCES[1:]],  # noqa: S607
            check=True,
            capture_output=True,
        )
        part.replace(path)
    return ctypes.CDLL(str(path))


def fits(device: torch.device) -> bool:
    """Whether fused layers can run here: on a CPU, with a compiler that takes them."""
    if device.type != "cpu":
        return False
    try:
        _library()
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


@lru_cache
def has_tiles() -> bool:
    """Whether the processor has matrix tiles (Intel AMX) for the functions that need them."""
    return bool(_library().tiles_allowed())


@lru_cache
def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count)


def _pointer(array: Any) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.data_ptr() if isinstance(array, Tensor) else array.ctypes.data)


def call(name: str, batch: int, *arguments: Any, sums: tuple[tuple[int, ...], ...] = ()) -> list[Tensor]:
    """Runs a function of the C++ sources on slices of the batch.

    Tensors (batch, …) of three and more dimensions are sliced. `"start"` and `"n"` among the arguments stand for a
    slice's first image and its number of images. `sums` are shapes of float64 outputs, appended to the arguments, added
    up over the slices in order (so that a run can be repeated exactly) and returned.
    """
    function = getattr(_library(), name)
    bounds = np.linspace(0, batch, torch.get_num_threads() + 1).astype(int).tolist()

    def part(start: int, stop: int) -> list[np.ndarray]:
        outputs = [np.zeros(shape) for shape in sums]
        values: list[Any] = []
        for argument in arguments:
            if isinstance(argument, Tensor):
                values.append(
                    _pointer(argument[start:stop] if argument.shape[0] == batch and argument.ndim > 2 else argument)
                )
            elif isinstance(argument, str):
                values.append(ctypes.c_int({"start": start, "n": stop - start}[argument]))
            elif callable(argument):
                values.append(argument(stop - start))
            else:
                values.append(ctypes.c_int(argument))
        function(*values, *map(_pointer, outputs))
        return outputs

    each = map if len(bounds) == 2 else _threads(len(bounds) - 1).map
    parts = list(each(part, bounds[:-1], bounds[1:]))
    return [torch.from_numpy(sum(outputs)) for outputs in zip(*parts, strict=True)]


def pixels(each: int) -> Callable[[int], ctypes.c_int64]:
    """An argument of `call`: the pixels of a slice whose images have `each`."""
    return lambda images: ctypes.c_int64(images * each)


def _sign(gamma: Tensor) -> Tensor:
    return torch.where(gamma >= 0, 1.0, -1.0)


class _PoolBNReLU(torch.autograd.Function):
    """max_pool2d(relu(batch_norm(x)), 2) of x (N, C, H, W) bfloat16 channels_last, and batch mean and variance."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
        x = x.detach().contiguous(memory_format=torch.channels_last)
        pooled, where, total, square = pool(x, gamma)
        count = x.numel() // x.shape[1]
        mean = total / count
        var = square / count - mean**2
        y, scale, shift = affine_relu(pooled, mean, var, gamma, beta, eps)
        ctx.save_for_backward(x, pooled, where, mean, var, scale, shift)
        ctx.eps = eps
        return y, mean.float(), unbiased(var, count)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, pooled, where, mean, var, scale, shift = ctx.saved_tensors
        n, c, h, w = x.shape
        g, dgamma, dbeta = relu_backward(grads[0], pooled, mean, var, scale, shift, ctx.eps)
        offset, slope = through_statistics(dgamma, dbeta, mean, var, scale, ctx.eps, n * h * w)
        dx = torch.empty_like(x)
        call("pool_backward", n, x, g, where, "n", h, w, c, scale, offset.float(), slope.float(), dx)
        return dx, dgamma.float(), dbeta.float(), None


class _ConvPoolBNReLU(torch.autograd.Function):
    """max_pool2d(relu(batch_norm(conv2d(x, weight, padding=1))), 2) of one-channel x (N, 1, H, W) float32.

    Mean and variance of the convolution's output follow from the first and second moments of the 3x3 patches, and
    so does their part of the weight's gradient; the full-size output is never stored.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, gamma: Tensor, beta: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        n, _, h, w = x.shape
        padded = functional.pad(x.detach().float(), (1, 1, 1, 1)).contiguous()
        kernel = weight.detach().reshape(-1, 9)
        first, second, mean, var = patch_statistics(padded, kernel)
        pooled, where = _first_pool(padded, kernel, gamma)
        y, scale, shift = affine_relu(pooled, mean, var, gamma, beta, eps)
        ctx.save_for_backward(padded, pooled, where, mean, var, scale, shift, kernel, first, second)
        ctx.eps = eps
        return y, mean.float(), unbiased(var, n * h * w)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        padded, pooled, where, mean, var, scale, shift, kernel, first, second = ctx.saved_tensors
        n, h, w = padded.shape[0], padded.shape[2] - 2, padded.shape[3] - 2
        g, dgamma, dbeta = relu_backward(grads[0], pooled, mean, var, scale, shift, ctx.eps)
        offset, slope = through_statistics(dgamma, dbeta, mean, var, scale, ctx.eps, n * h * w)
        (direct,) = call("first_backward", n, padded, g, where, "n", h, w, sums=((9, 32),))
        dweight = scale[:, None] * direct.T + offset[:, None] * first + slope[:, None] * (kernel.double() @ second)
        return None, dweight.float().view(-1, 1, 3, 3), dgamma.float(), dbeta.float(), None


def patch_statistics(padded: Tensor, kernel: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sums of first (9) and second (9, 9) moments of the 3x3 patches of padded (N, 1, H + 2, W + 2) float32.

    And what follows for their products with kernel (C, 9): mean and variance (C) float64.
    """
    n, h, w = padded.shape[0], padded.shape[2] - 2, padded.shape[3] - 2
    first, second = call("patch_moments", n, padded, "n", h, w, sums=((9,), (9, 9)))
    second = second.triu() + second.triu(1).T
    mean = kernel.double() @ first / (n * h * w)
    return first, second, mean, ((kernel.double() @ second) * kernel).sum(1) / (n * h * w) - mean**2


def pool(x: Tensor, gamma: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The 2x2 extremes of x that count for gamma's sign, where they are, and sum and sum of squares of x (C)."""
    n, c, h, w = x.shape
    pooled = torch.empty((n, c, h // 2, w // 2), dtype=x.dtype, memory_format=torch.channels_last)
    where = torch.empty_like(pooled, dtype=torch.uint8)
    total, square = call("pool_forward", n, x, "n", h, w, c, _sign(gamma), pooled, where, sums=((c,), (c,)))
    return pooled, where, total, square


def _first_pool(padded: Tensor, weight: Tensor, gamma: Tensor) -> tuple[Tensor, Tensor]:
    """The same of the convolution of padded (N, 1, H + 2, W + 2) with weight (32, 9), without the sums."""
    n, h, w = padded.shape[0], padded.shape[2] - 2, padded.shape[3] - 2
    pooled = torch.empty((n, 32, h // 2, w // 2), dtype=torch.bfloat16, memory_format=torch.channels_last)
    where = torch.empty_like(pooled, dtype=torch.uint8)
    kernel = weight.detach().reshape(-1, 9).T.contiguous()
    call("first_forward", n, padded, "n", h, w, kernel, _sign(gamma), pooled, where)
    return pooled, where


def affine(mean: Tensor, var: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """A BatchNorm as `scale * x + shift` (C) float32."""
    scale = gamma.detach() * torch.rsqrt(var + eps)
    return scale.float(), (beta.detach() - scale * mean).float()


def affine_relu(
    pooled: Tensor, mean: Tensor, var: Tensor, gamma: Tensor, beta: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """relu of the BatchNorm of `pooled`, and that BatchNorm's scale and shift."""
    scale, shift = affine(mean, var, gamma, beta, eps)
    y = torch.empty_like(pooled)
    n, c, h, w = pooled.shape
    call("relu_forward", n, pooled, pixels(h * w), c, scale, shift, y)
    return y, scale, shift


def relu_backward(
    dy: Tensor, pooled: Tensor, mean: Tensor, var: Tensor, scale: Tensor, shift: Tensor, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradient behind the ReLU (like `pooled`) and those of gamma and beta (C) float64."""
    n, c, h, w = pooled.shape
    dy = dy.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)
    g = torch.empty_like(pooled)
    total, moment = call("relu_backward", n, dy, pooled, pixels(h * w), c, scale, shift, g, sums=((c,), (c,)))
    return g, (moment - mean * total) * torch.rsqrt(var + eps), total


def through_statistics(
    dgamma: Tensor, dbeta: Tensor, mean: Tensor, var: Tensor, scale: Tensor, eps: float, count: int
) -> tuple[Tensor, Tensor]:
    """The batch mean's and variance's part of the gradient of x, as `offset + slope * x` per channel."""
    slope = -scale * dgamma * torch.rsqrt(var + eps) / count
    return -scale * dbeta / count - slope * mean, slope


class FusedEmotionCNN(nn.Module):
    """Runs an EmotionCNN with the fused blocks; parameters and running statistics are the network's own."""

    def __init__(self, network: EmotionCNN):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 1, 224, 224) float32 → logits (N, classes)."""
        for block in self.network.blocks:
            x = _train_block(block, x) if self.training else _eval_block(block, x)
        logits: Tensor = self.network.head(x.flatten(1))
        return logits


def _train_block(block: Any, x: Tensor) -> Tensor:
    conv, norm = block[0], block[1]
    if conv.in_channels == 1:
        x, mean, var = _ConvPoolBNReLU.apply(x, conv.weight, norm.weight, norm.bias, norm.eps)
        mean = mean + conv.bias.detach()
    else:
        x = functional.conv2d(x, conv.weight.to(torch.bfloat16), conv.bias.to(torch.bfloat16), padding=1)
        return pool_bn_relu(x, norm)
    track(norm, mean, var)
    return x


def pool_bn_relu(x: Tensor, norm: Any) -> Tensor:
    """max_pool2d(relu(norm(x)), 2) of x (N, C, H, W) bfloat16 channels_last; norm's running statistics move."""
    y, mean, var = _PoolBNReLU.apply(x, norm.weight, norm.bias, norm.eps)
    track(norm, mean, var)
    return y  # type: ignore[no-any-return]


def unbiased(var: Tensor, count: int) -> Tensor:
    """The variance that a BatchNorm's running statistics take from that of `count` values."""
    return (var * count / (count - 1)).float()


def track(norm: Any, mean: Tensor, var: Tensor) -> None:
    """Moves a BatchNorm's running statistics towards a batch's mean and unbiased variance (C) float32."""
    with torch.no_grad():
        norm.running_mean.lerp_(mean, norm.momentum)
        norm.running_var.lerp_(var, norm.momentum)
        norm.num_batches_tracked.add_(1)


def _eval_block(block: Any, x: Tensor) -> Tensor:
    conv, norm = block[0], block[1]
    mean = norm.running_mean.double()
    if conv.in_channels == 1:
        mean = mean - conv.bias
        pooled, _ = _first_pool(functional.pad(x, (1, 1, 1, 1)), conv.weight, norm.weight)
    else:
        x = functional.conv2d(x, conv.weight.to(torch.bfloat16), conv.bias.to(torch.bfloat16), padding=1)
        pooled, *_ = pool(x, norm.weight)
    return affine_relu(pooled, mean, norm.running_var.double(), norm.weight, norm.bias, norm.eps)[0]
