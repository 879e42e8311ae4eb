"""High dynamic range to ordinary BGR, by a table per channel and a change of primaries.

Decoded code values (HLG or PQ of ITU-R BT.2100) become light, 203 cd/m² (the reference white of ITU-R BT.2408) becomes
white with a soft shoulder for what is brighter, and the result is coded with a gamma of 2.2. The change from BT.2020's
primaries to BT.709's is made on coded values: exact for greys, within a few levels for skin, at a tenth of the cost.
"""

from functools import cache

import cv2
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorTrc
from numpy.typing import NDArray

_WHITE = 203.0  # cd/m²
_PEAK = 1000.0  # cd/m² of a nominal HLG display
_SHOULDER = 0.8
_GAMMA = 2.2
# BGR, from ITU-R BT.2087
_BT2020_TO_709 = np.array(
    [[1.1187, -0.1006, -0.0182], [-0.0083, 1.1329, -0.1246], [-0.0728, -0.5876, 1.6605]], np.float32
)


def ordinary(image: NDArray[np.uint8], transfer: int, primaries: int) -> NDArray[np.uint8]:
    """A picture for an ordinary display: BT.709 primaries, standard dynamic range.

    Args:
        image: (H, W, 3) uint8 BGR, the coded values as decoded.
        transfer: FFmpeg's number of the transfer function; only HLG's and PQ's change brightness.
        primaries: FFmpeg's number of the primaries; only BT.2020's change colours.
    """
    if transfer in (ColorTrc.ARIB_STD_B67, ColorTrc.SMPTE2084):
        image = np.asarray(cv2.LUT(image, _table(transfer)), np.uint8)
    if primaries == ColorPrimaries.BT2020:
        image = np.asarray(cv2.transform(image, _BT2020_TO_709), np.uint8)
    return image


@cache
def _table(transfer: int) -> NDArray[np.uint8]:
    """(256,) uint8: the ordinary level of each coded level."""
    code = np.arange(256) / 255
    light = (_pq(code) if transfer == ColorTrc.SMPTE2084 else _hlg(code)) / _WHITE
    over = np.maximum(light - _SHOULDER, 0.0) / (1 - _SHOULDER)
    shown = np.where(light < _SHOULDER, light, _SHOULDER + (1 - _SHOULDER) * (1 - np.exp(-over)))
    return np.round(255 * shown ** (1 / _GAMMA)).astype(np.uint8)


def _pq(code: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light in cd/m² of PQ code values from 0 to 1 (BT.2100, table 4)."""
    m1, m2 = 2610 / 16384, 2523 / 32
    c1, c2, c3 = 3424 / 4096, 2413 / 128, 2392 / 128
    power = code ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1))


def _hlg(code: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light in cd/m² of HLG code values from 0 to 1 (BT.2100, table 5), with its system gamma of 1.2 per channel."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * np.log(4 * a)
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    return np.asarray(_PEAK * scene**1.2)
