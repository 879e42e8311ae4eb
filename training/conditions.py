"""Pictures made worse in known ways, as batched tensor operations: for augmentation, and to measure what it costs.

A condition takes pictures (N, 1, S, S) float32 in 0..1, each one's strength (N,) from 0 (nothing happens) to 1, and a
generator of their device; it returns new pictures. Amounts in pixels are for S = 48 and grow with S.
"""

from collections.abc import Callable

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

Condition = Callable[[Tensor, Tensor, torch.Generator], Tensor]

BLUR_SIGMA = 2.5
DARKEST = 1 / 12
"""Share of the light that is left."""
DARK_NOISE = 1 / 255
HAZE, HAZE_CONTRAST = 0.7, 0.15
"""The grey of the haze, and the share of contrast that is left."""
NOISE = 0.15
SMALLEST = 12
"""Pixels of the face's side."""
JPEG_QUALITY = 60, 10
TURN = 50.0
"""Degrees by which the head is turned, as a cylinder of CYLINDER half-widths."""
CYLINDER = 1.15
RECENTRED = 0.6
"""Share of the face's movement to the side that its box follows."""
MASK_TOP = 0.95, 0.55
"""Where what covers the mouth begins, as a share of the height."""


def blur(pictures: Tensor, strength: Tensor, _: torch.Generator) -> Tensor:
    """Out of focus, or moved: a Gaussian of up to BLUR_SIGMA pixels."""
    count, height = len(pictures), pictures.shape[2]
    scale = height / 48
    sigma = (strength * BLUR_SIGMA * scale).clamp(min=1e-3)
    reach = round(3 * BLUR_SIGMA * scale)
    place = torch.arange(-reach, reach + 1, device=pictures.device)
    kernel = torch.exp(-0.5 * (place / sigma[:, None]) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    padded = functional.pad(pictures, (reach,) * 4, mode="replicate").transpose(0, 1)
    across = functional.conv2d(padded, kernel[:, None, None, :], groups=count)
    return functional.conv2d(across, kernel[:, None, :, None], groups=count).transpose(0, 1)


def dark(pictures: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Little light, DARKEST of it at worst, with a sensor's noise, in 8 bits."""
    share = _each(DARKEST**strength)
    lit = pictures * share + _normal(pictures, generator) * DARK_NOISE * _each((strength > 0).float())
    return _in_8_bits(lit)


def haze(pictures: Tensor, strength: Tensor, _: torch.Generator) -> Tensor:
    """Backlight or fog: down to HAZE_CONTRAST of the contrast around a bright grey, in 8 bits."""
    contrast = _each(1 - (1 - HAZE_CONTRAST) * strength)
    return _in_8_bits(pictures * contrast + HAZE * (1 - contrast))


def noise(pictures: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Gaussian noise of a standard deviation of up to NOISE."""
    return (pictures + _normal(pictures, generator) * NOISE * _each(strength)).clamp(0, 1)


def small(pictures: Tensor, strength: Tensor, _: torch.Generator) -> Tensor:
    """A face of down to SMALLEST pixels, enlarged again."""
    full = pictures.shape[-1]
    sides = (full * (SMALLEST / 48) ** strength).round().int().tolist()
    out = pictures.clone()
    for row, side in enumerate(sides):
        reduced = functional.interpolate(pictures[row : row + 1], size=(side, side), mode="area")
        out[row : row + 1] = functional.interpolate(reduced, size=(full, full), mode="bilinear", align_corners=False)
    return out


def jpeg(pictures: Tensor, strength: Tensor, _: torch.Generator) -> Tensor:
    """Compressed as JPEG, at a quality from 60 down to 10."""
    best, worst = JPEG_QUALITY
    grey = (pictures[:, 0] * 255).round().byte().cpu().numpy()
    for row, (picture, amount) in enumerate(zip(grey, strength.tolist(), strict=True)):
        if amount:
            quality = [cv2.IMWRITE_JPEG_QUALITY, round(best + (worst - best) * amount)]
            grey[row] = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_GRAYSCALE)
    return torch.from_numpy(grey)[:, None].to(pictures.device).float() / 255


def turned(pictures: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """A head turned by up to TURN degrees to either side: the picture lies on an upright cylinder, which turns."""
    count, _, height, width = pictures.shape
    side = torch.where(_uniform(count, generator, pictures.device) < 0.5, -1.0, 1.0)
    turn = strength * side * np.deg2rad(TURN)
    seen = (torch.arange(width, device=pictures.device) + 0.5) / width * 2 - 1
    centred = (seen - RECENTRED * CYLINDER * torch.sin(turn)[:, None]) / CYLINDER
    angle = (torch.asin(centred.clamp(-1, 1)) + turn[:, None]).clamp(-np.pi / 2, np.pi / 2)
    across = CYLINDER * torch.sin(angle)  # (N, W): where each column comes from
    down = (torch.arange(height, device=pictures.device) + 0.5) / height * 2 - 1
    grid = torch.stack(
        [across[:, None, :].expand(-1, height, -1), down[None, :, None].expand(count, -1, width)], dim=-1
    )
    return functional.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def covered(pictures: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """A mask, a hand or a cup before the mouth: an even grey, shaded a little, from MASK_TOP down."""
    count, _, height, width = pictures.shape
    grey, slope = _uniform(count, generator, pictures.device), _uniform(count, generator, pictures.device) - 0.5
    down = (torch.arange(height, device=pictures.device) + 0.5) / height
    across = ((torch.arange(width, device=pictures.device) + 0.5) / width * 2 - 1).abs()
    first, last = MASK_TOP
    top = first + (last - first) * strength
    # Like a mask's upper edge, it is lower at the sides; nothing is covered at strength 0.
    edge = top[:, None] + 0.25 * across**4
    inside = (down[None, :, None] > edge[:, None, :]) & (strength > 0)[:, None, None]
    cloth = (grey[:, None] + slope[:, None] * 0.4 * (down - 0.75)).clamp(0, 1)
    return torch.where(inside[:, None], cloth[:, None, :, None], pictures)


CONDITIONS: dict[str, Condition] = {
    "blur": blur,
    "dark": dark,
    "haze": haze,
    "noise": noise,
    "small": small,
    "jpeg": jpeg,
    "turned": turned,
    "covered": covered,
}


def degrade(pictures: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Pictures (N, 1, S, S) in 0..1, of which a `share` is in one of CONDITIONS, of a strength drawn uniformly."""
    count, device = len(pictures), pictures.device
    worse = _uniform(count, generator, device) < share
    kind = torch.randint(len(CONDITIONS), (count,), generator=generator, device=device)
    strength = _uniform(count, generator, device)
    out = pictures.clone()
    for number, condition in enumerate(CONDITIONS.values()):
        rows = (worse & (kind == number)).nonzero()[:, 0]
        if len(rows):
            out[rows] = condition(pictures[rows], strength[rows], generator)
    return out


def worsened(images: np.ndarray, condition: str, strength: float, seed: int = 0) -> np.ndarray:
    """Images (N, S, S) uint8 in one of CONDITIONS, all of one strength; uint8 again, the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.from_numpy(images)[:, None].float() / 255
    out = CONDITIONS[condition](pictures, torch.full((len(images),), strength), generator)
    worse: np.ndarray = (out[:, 0] * 255).round().byte().numpy()
    return worse


def _each(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)


def _uniform(count: int, generator: torch.Generator, device: torch.device) -> Tensor:
    return torch.rand(count, generator=generator, device=device)


def _normal(pictures: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(pictures.shape, generator=generator, device=pictures.device)


def _in_8_bits(pictures: Tensor) -> Tensor:
    return (pictures.clamp(0, 1) * 255).round() / 255
