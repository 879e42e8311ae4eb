"""EmotionNet's training step on a CPU, faster than layer by layer.

BatchNorm, the residual sum and ReLU take one pass for the statistics and one to apply, and two backward; the stem's
last layer takes the pooling behind it with them. Where the processor has matrix tiles, the gradients of the small maps'
weights are computed on them. Gradients are those of the plain layers; a test holds the two together.
"""

from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from classifier.networks import EmotionNet
from training.fused import (
    affine,
    affine_relu,
    call,
    has_tiles,
    patch_statistics,
    pixels,
    pool,
    pool_bn_relu,
    relu_backward,
    through_statistics,
    track,
    unbiased,
)

SMALL = 144
"""Pixels of a map up to which the weight's gradient on matrix tiles is faster than torch's."""


@dataclass
class _Batch:
    """A BatchNorm on one batch: mean and variance (C) float64, and both as `scale * x + shift` (C) float32."""

    mean: Tensor
    var: Tensor
    eps: float
    count: int
    scale: Tensor
    shift: Tensor

    @classmethod
    def of(cls, x: Tensor, norm: Any) -> "_Batch":
        """That of x (N, C, H, W) bfloat16 channels_last; the running statistics move with it."""
        n, c, h, w = x.shape
        total, square = call("moments", n, x, pixels(h * w), c, sums=((c,), (c,)))
        count = n * h * w
        mean = total / count
        return cls.measured(mean, square / count - mean**2, count, norm)

    @classmethod
    def measured(cls, mean: Tensor, var: Tensor, count: int, norm: Any) -> "_Batch":
        """That of a batch whose statistics are known."""
        track(norm, mean.float(), unbiased(var, count))
        return cls(mean, var, norm.eps, count, *affine(mean, var, norm.weight, norm.bias, norm.eps))

    def backward(self, x: Tensor, g: Tensor, dgamma: Tensor, dbeta: Tensor, dx: Tensor) -> Tensor:
        """Writes the gradient of x to dx, which may be g, the gradient of the BatchNorm's output."""
        n, c, h, w = x.shape
        offset, slope = through_statistics(dgamma, dbeta, self.mean, self.var, self.scale, self.eps, self.count)
        call("affine_backward", n, x, g, pixels(h * w), c, self.scale, offset.float(), slope.float(), dx)
        return dx

    def dgamma(self, moment: Tensor, total: Tensor) -> Tensor:
        """From the sums of the output's gradient times x, and of the gradient alone."""
        return (moment - self.mean * total) * torch.rsqrt(self.var + self.eps)


def _bf16(x: Tensor) -> Tensor:
    return x.to(torch.bfloat16).contiguous(memory_format=torch.channels_last)


class _BNReLU(torch.autograd.Function):
    """relu(batch_norm(x)) of x (N, C, H, W) bfloat16 channels_last."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gamma: Tensor, beta: Tensor, norm: Any) -> Tensor:
        x = _bf16(x)
        ctx.batch = batch = _Batch.of(x, norm)
        ctx.save_for_backward(x)
        return affine_relu(x, batch.mean, batch.var, gamma, beta, batch.eps)[0]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (x,), batch = ctx.saved_tensors, ctx.batch
        g, dgamma, dbeta = relu_backward(grads[0], x, batch.mean, batch.var, batch.scale, batch.shift, batch.eps)
        return batch.backward(x, g, dgamma, dbeta, dx=g), dgamma.float(), dbeta.float(), None


class _AddReLU(torch.autograd.Function):
    """relu(batch_norm(a) + batch_norm(b)) of a and b (N, C, H, W) bfloat16 channels_last; no norm_b: plus b itself."""

    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor, norm_a: Any, norm_b: Any, *parameters: Tensor) -> Tensor:  # noqa: ARG004
        a, b = _bf16(a), _bf16(b)
        n, c, h, w = a.shape
        ctx.batch_a = batch_a = _Batch.of(a, norm_a)
        ctx.batch_b = batch_b = _Batch.of(b, norm_b) if norm_b else None
        scale, shift = (batch_b.scale, batch_a.shift + batch_b.shift) if batch_b else (torch.ones(c), batch_a.shift)
        y = torch.empty_like(a)
        call("add_relu_forward", n, a, b, pixels(h * w), c, batch_a.scale, scale, shift, y)
        ctx.save_for_backward(a, b, y)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        a, b, y = ctx.saved_tensors
        n, c, h, w = a.shape
        g = torch.empty_like(a)
        dy = _bf16(grads[0])
        total, moment_a, moment_b = call(
            "add_relu_backward", n, dy, y, a, b, pixels(h * w), c, g, sums=((c,), (c,), (c,))
        )
        dgamma = ctx.batch_a.dgamma(moment_a, total)
        dbeta = total.float()
        da = ctx.batch_a.backward(a, g, dgamma, total, dx=torch.empty_like(a))
        if ctx.batch_b is None:
            return da, g, None, None, dgamma.float(), dbeta
        dgamma_b = ctx.batch_b.dgamma(moment_b, total)
        db = ctx.batch_b.backward(b, g, dgamma_b, total, dx=g)
        return da, db, None, None, dgamma.float(), dbeta, dgamma_b.float(), dbeta


class _Pool(torch.autograd.Function):
    """max_pool2d(x, 2) of x (N, C, H, W) bfloat16 channels_last."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        pooled, where, *_ = pool(x, torch.ones(x.shape[1]))
        ctx.save_for_backward(where)
        ctx.shape = x.shape
        return pooled

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (where,) = ctx.saved_tensors
        n, c, h, w = ctx.shape
        dx = torch.empty(ctx.shape, dtype=torch.bfloat16, memory_format=torch.channels_last)
        call("unpool", n, _bf16(grads[0]), where, "n", h, w, c, dx)
        return dx


class _FirstConvBNReLU(torch.autograd.Function):
    """relu(batch_norm(conv2d(x, weight, padding=1))) of one-channel x (N, 1, H, W) float32, for 32 channels.

    The statistics follow from the moments of the 3x3 patches, so the convolution's output is never stored.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, gamma: Tensor, beta: Tensor, norm: Any) -> Tensor:  # noqa: ARG004
        n, _, h, w = x.shape
        padded = functional.pad(x.float(), (1, 1, 1, 1)).contiguous()
        kernel = weight.reshape(-1, 9)
        ctx.first, ctx.second, mean, var = patch_statistics(padded, kernel)
        ctx.batch = batch = _Batch.measured(mean, var, n * h * w, norm)
        y = torch.empty((n, 32, h, w), dtype=torch.bfloat16, memory_format=torch.channels_last)
        scaled = (kernel * batch.scale[:, None]).T.contiguous()
        call("first_relu_forward", n, padded, "n", h, w, scaled, batch.shift, y)
        ctx.save_for_backward(padded, kernel, y)
        return y

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (padded, kernel, y), batch = ctx.saved_tensors, ctx.batch
        n, _, h, w = y.shape
        total, direct = call("first_relu_backward", n, padded, _bf16(grads[0]), y, "n", h, w, sums=((32,), (9, 32)))
        dgamma = batch.dgamma((kernel * direct.T).sum(1), total)
        offset, slope = through_statistics(dgamma, total, batch.mean, batch.var, batch.scale, batch.eps, n * h * w)
        dweight = batch.scale[:, None] * direct.T + offset[:, None] * ctx.first
        dweight += slope[:, None] * (kernel.double() @ ctx.second)
        return None, dweight.float().view(-1, 1, 3, 3), dgamma.float(), total.float(), None


class _Conv(torch.autograd.Function):
    """conv2d of x (N, I, H, W) bfloat16 channels_last with weight (O, I, K, K) float32, at x's size, in bfloat16."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        weight = _bf16(weight)
        ctx.save_for_backward(x, weight)
        return functional.conv2d(x, weight, padding=weight.shape[2] // 2)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor]:
        x, weight = ctx.saved_tensors
        dy = _bf16(grads[0])
        edge = [weight.shape[2] // 2] * 2
        on_tiles = x.shape[2] * x.shape[3] <= SMALL and has_tiles()
        dx, dweight, _ = torch.ops.aten.convolution_backward(
            dy, x, weight, None, [1, 1], edge, [1, 1], False, [0, 0], 1, [True, not on_tiles, False]
        )
        if on_tiles:
            return dx, _weight_gradient(x, dy, weight.shape[2])
        # As the weight lies in memory, or autograd copies it once more.
        return dx, dweight.to(torch.float32, memory_format=torch.channels_last)


def _weight_gradient(x: Tensor, dy: Tensor, size: int) -> Tensor:
    """The gradient (O, I, size, size) float32 of a convolution's weight on matrix tiles; O and I multiples of 32."""
    n, inputs, h, w = x.shape
    outputs, groups = dy.shape[1], -(-n // 32)
    packed = []
    for values, turned in ((dy, 1), (x, 0)):
        blocks = values.shape[1] // 32
        tiles = torch.empty((blocks, h * w, groups * 512), dtype=torch.int32)
        flat = values.permute(0, 2, 3, 1).flatten()
        call("pack_tiles", blocks, flat, "start", "n", n, h * w, 32 * blocks, groups, turned, tiles)
        packed.append(tiles)
    dweight = torch.empty((outputs // 32, 32, size * size * inputs))
    call("weight_gradient", outputs // 32, packed[0], packed[1].flatten(), "n", groups, h, w, inputs, size, dweight)
    return dweight.view(outputs, size, size, inputs).permute(0, 3, 1, 2)


class FusedEmotionNet(nn.Module):
    """Trains an EmotionNet with the fused layers; parameters and running statistics are the network's own."""

    def __init__(self, network: EmotionNet):
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 1, S, S) float32, S even wherever a block halves it → logits (N, classes)."""
        if not self.training:
            return self.network(x)  # type: ignore[no-any-return]
        stem: Any = self.network.stem
        blocks: Any = self.network.blocks
        x = _FirstConvBNReLU.apply(x, stem[0].weight, stem[1].weight, stem[1].bias, stem[1])
        x = _Conv.apply(x, stem[3].weight)
        if isinstance(blocks[0].pool, nn.MaxPool2d):
            x = pool_bn_relu(x, stem[4])
        else:
            x = _BNReLU.apply(x, stem[4].weight, stem[4].bias, stem[4])
        for block, following in zip_longest(blocks, blocks[1:]):
            x = _residual(block, x)
            if following and isinstance(following.pool, nn.MaxPool2d):
                x = _Pool.apply(x)
        logits: Tensor = self.network.head(x.mean((2, 3)))
        return logits


def _residual(block: Any, x: Tensor) -> Tensor:
    """A block behind its pooling."""
    conv, norm, _, last_conv, last_norm = block.body
    inside = _BNReLU.apply(_Conv.apply(x, conv.weight), norm.weight, norm.bias, norm)
    a = _Conv.apply(inside, last_conv.weight)
    b, shortcut_norm = x, None
    parameters = [last_norm.weight, last_norm.bias]
    if block.shortcut:
        shortcut_conv, shortcut_norm = block.shortcut
        b = _Conv.apply(x, shortcut_conv.weight)
        parameters += [shortcut_norm.weight, shortcut_norm.bias]
    y: Tensor = _AddReLU.apply(a, b, last_norm, shortcut_norm, *parameters)
    return y
