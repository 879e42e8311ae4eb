"""Where a face is going: a Kalman filter over arrays of tracks, exact for any time step.

A box is measured as (centre x, centre y, ln width, ln height). Each of the four moves independently, with a randomly
driven velocity that decays to zero (integrated Ornstein-Uhlenbeck process): over a few frames this is the constant
velocity of SORT (Bewley et al. 2016, arXiv 1602.00763), over a second of occlusion it does not run away, and two half
steps predict the same as one whole step.

The states of T tracks are (T, 5, 4) float64: position, velocity, position variance, position-velocity covariance and
velocity variance. Centres are in pixels and pixels/s; their noise is proportional to the face's height.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_FADE_S = np.array((1.0, 1.0, 0.3, 0.3))
"""Time constants of velocity decay: people stop, and faces do not keep growing."""
_SPEED = np.array((3.0, 3.0, 0.6, 0.6))
"""Standard deviations of velocity: face heights/s (a passer-by reaches 7), and log size per second."""
_NOISE = np.array((0.08, 0.08, 0.08, 0.08))
"""Standard deviations of a detected box: face heights, and log size."""


def measure(xyxy: Array) -> Array:
    """Boxes (N, 4) in pixels as measurements (N, 4); sides are at least one pixel."""
    sides = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 1.0)
    return np.concatenate(((xyxy[:, :2] + xyxy[:, 2:]) / 2, np.log(sides)), axis=1)


def start(measured: Array) -> Array:
    """States (N, 5, 4) of faces first seen at measurements (N, 4)."""
    zero = np.zeros_like(measured)
    scale = _scale(measured)
    return np.stack((measured, zero, (_NOISE * scale) ** 2, zero, (_SPEED * scale) ** 2), axis=1)


def predict(states: Array, dt: float) -> Array:
    """States (T, 5, 4) after `dt` ≥ 0 seconds without a measurement."""
    position, velocity, p, pv, v = np.moveaxis(states, 1, 0)
    rest = np.exp(-dt / _FADE_S)
    reach = _FADE_S * (1 - rest)
    stir = (_SPEED * _scale(position)) ** 2
    added = stir * _FADE_S**2 * (2 * dt / _FADE_S - 3 + 4 * rest - rest**2)
    return np.stack(
        (
            position + reach * velocity,
            rest * velocity,
            p + 2 * reach * pv + reach**2 * v + np.maximum(added, 0.0),
            rest * (pv + reach * v) + stir * _FADE_S * (1 - rest) ** 2,
            rest**2 * v + stir * (1 - rest**2),
        ),
        axis=1,
    )


def correct(states: Array, measured: Array) -> Array:
    """States (T, 5, 4) updated with one measurement each, (T, 4)."""
    position, velocity, p, pv, v = np.moveaxis(states, 1, 0)
    total = p + (_NOISE * _scale(position)) ** 2
    error = measured - position
    return np.stack(
        (
            position + p / total * error,
            velocity + pv / total * error,
            p - p * p / total,
            pv - p * pv / total,
            v - pv * pv / total,
        ),
        axis=1,
    )


def distances(states: Array, measured: Array) -> tuple[Array, Array, Array, Array]:
    """Distances of T tracks from N measurements, and their expected spread.

    Returns:
        offset (T, N): between centres, in heights of the track's face.
        offset_spread (T,): its standard deviation.
        growth (T, N): absolute difference of the logarithms of sqrt(width x height).
        growth_spread (T,): its standard deviation.
    """
    position, height = states[:, 0], np.exp(states[:, 0, 3])
    spread = np.sqrt(states[:, 2] / _scale(position) ** 2 + _NOISE**2)
    delta = measured[None] - position[:, None]
    offset = np.hypot(delta[..., 0], delta[..., 1]) / height[:, None]
    growth = np.abs(delta[..., 2] + delta[..., 3]) / 2
    return offset, spread[:, :2].max(axis=1), growth, spread[:, 2:].max(axis=1)


def _scale(position: Array) -> Array:
    """Units of the four coordinates (T, 4): a face height in pixels for the centre, 1 for logarithms."""
    height = np.exp(position[:, 3:4])
    one = np.ones_like(height)
    return np.concatenate((height, height, one, one), axis=1)
