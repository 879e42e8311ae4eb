"""Augmentation of whole batches as tensor operations: uint8 pictures in, the network's input out, one resampling."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from classifier.preprocess import InputSpec, spread
from training.conditions import degrade


@dataclass(frozen=True)
class Augmentation:
    """Ranges of random augmentation; each amount is the largest, drawn uniformly around zero."""

    flip: float = 0.5
    """Probability of a horizontal flip."""
    degrees: float = 0.0
    scale: float = 0.0
    """0.12 means 0.88 to 1.12."""
    shift: float = 0.0
    """Share of the picture's side."""
    brightness: float = 0.0
    """Factor on all grey values, 0.2 means 0.8 to 1.2."""
    contrast: float = 0.0
    """Factor on the distance to the picture's mean."""
    erase: float = 0.0
    """Probability that a rectangle (0.1 to 0.4 of each side) becomes the picture's mean."""
    degrade: float = 0.0
    """Probability of one of `training.conditions`, of a random strength."""


def inputs(images: Tensor, spec: InputSpec, how: Augmentation, generator: torch.Generator) -> Tensor:
    """A network's input (N, 1, size, size) float32 for images (N, H, W) uint8, augmented and prepared."""
    views = augment(images, spec.size, how, generator)[:, 0] * 255
    return (spread(views, spec.spread)[:, None] / 255 - spec.mean) / spec.std


def augment(images: Tensor, size: int, how: Augmentation, generator: torch.Generator) -> Tensor:
    """Images (N, H, W) uint8 → (N, 1, size, size) float32 in 0..1, transformed, relit and resized bilinearly.

    `generator` is of the images' device, where all of it happens.
    """
    count, device = len(images), images.device

    def around(amount: float) -> Tensor:
        return (torch.rand(count, generator=generator, device=device) * 2 - 1) * amount

    angle = around(how.degrees) * torch.pi / 180
    zoom = 1 / (1 + around(how.scale))
    mirror = torch.where(torch.rand(count, generator=generator, device=device) < how.flip, -1.0, 1.0)
    cos, sin = angle.cos() * zoom, angle.sin() * zoom
    rows = torch.stack([cos * mirror, -sin, around(how.shift) * 2, sin * mirror, cos, around(how.shift) * 2], 1)
    grid = functional.affine_grid(rows.view(count, 2, 3), [count, 1, size, size], align_corners=False)
    pictures = images[:, None].float() / 255
    if how.degrade:
        # Drawn apart, so that a teacher that sees the picture as it was sees it moved and lit alike.
        apart = torch.Generator(device).manual_seed(generator.initial_seed() ^ 1)
        pictures = degrade(pictures, how.degrade, apart)
    pictures = relight(pictures, around(how.brightness), around(how.contrast))
    out = functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    return erase(out, how.erase, generator) if how.erase else out


def relight(pictures: Tensor, brightness: Tensor, contrast: Tensor) -> Tensor:
    """Pictures (N, 1, H, W) in 0..1 times 1 + brightness (N), then spread around their mean by 1 + contrast (N)."""
    lit = (pictures * (1 + brightness.view(-1, 1, 1, 1))).clamp_(0, 1)
    mean = lit.mean((1, 2, 3), keepdim=True)
    return ((lit - mean) * (1 + contrast.view(-1, 1, 1, 1)) + mean).clamp_(0, 1)


def erase(pictures: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """Pictures (N, 1, S, S), some with a rectangle of their mean grey."""
    count, _, _, size = pictures.shape
    chance, height, width, top, left = torch.rand(5, count, 1, generator=generator, device=pictures.device)
    place = torch.arange(size, device=pictures.device)

    def within(start: Tensor, share: Tensor) -> Tensor:
        side = (size * (0.1 + 0.3 * share)).floor()
        first = ((size - side) * start).floor()
        return (place >= first) & (place < first + side)

    hidden = within(top, height)[:, :, None] & within(left, width)[:, None, :] & (chance < probability)[:, :, None]
    return torch.where(hidden[:, None], pictures.mean((2, 3), keepdim=True), pictures)
