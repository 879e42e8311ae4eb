"""Exponential smoothing of probabilities over time, independent of the sampling rate."""

from shared.messages import Probs


def smooth(previous: Probs | None, current: Probs, dt: float, a: float = 0.7, nominal: float = 0.1) -> Probs:
    """Exponential moving average with factor `a ** (dt / nominal)` on what came before.

    Args:
        previous: smoothed probabilities so far, sum 1, or None for the first sample.
        current: this sample's probabilities, sum 1.
        dt: seconds of media time since `previous`; at 0 or less, `previous` is returned unchanged.
        a: weight of the past after `nominal` seconds, 0 to 1.
        nominal: interval in seconds that `a` refers to: every third frame at 30 fps.

    Returns:
        Smoothed probabilities, sum 1; `current` when there is no `previous`.
    """
    if previous is None:
        return current
    keep = a ** (max(0.0, dt) / nominal)
    angry, disgust, fear, happy, neutral, sad, surprise = (
        keep * old + (1 - keep) * new for old, new in zip(previous, current, strict=True)
    )
    return angry, disgust, fear, happy, neutral, sad, surprise
