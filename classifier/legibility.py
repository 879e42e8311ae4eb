"""How far a face can be read at the quality of its picture: how sure to be, and whether to say anything. Pure.

Each measure of quality may fall short of what is enough. With what is missing the temperature of the softmax grows
exponentially, and the odds of being right fall so. Both are fitted by training.quality and belong to a release.
"""

import math
from typing import Annotated, Literal

import msgspec

from shared.messages import Quality, Reason

LEAST_ACCURACY = 0.45
"""Where less is to be expected, a face cannot be read."""
MOST_MISSING = 6.0
"""Limit of what is missing of one measure."""
SMALLEST = 1e-3
"""Values below count as this in ratios."""
NOISE_UNIT = 0.1

Measured = Literal["size", "sharpness", "noise", "brightness", "contrast", "turned", "mouth"]
Weight = Annotated[float, msgspec.Meta(ge=0, le=100)]

REASONS: dict[Measured, Reason] = {
    "size": "too small",
    "sharpness": "blurred",
    "noise": "blurred",
    "brightness": "too dark",
    "contrast": "too dark",
    "turned": "turned away",
    "mouth": "covered",
}
"""What keeps a face from being read if that measure is what it lacks most."""


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measure: the value that is `enough`, and what a unit that is missing costs (see `missing`)."""

    enough: Annotated[float, msgspec.Meta(gt=0)]
    log_temperature: Weight
    """By how much the natural logarithm of the temperature grows ..."""
    log_odds: Weight
    """... and that of the odds of being right falls."""


class Legibility(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fit of one release, as stored in its config."""

    log_odds: Annotated[float, msgspec.Meta(ge=-10, le=10)]
    """Natural logarithm of the odds of being right where nothing is missing."""
    measures: dict[Measured, Measure]

    def missing(self, quality: Quality) -> dict[Measured, float]:
        """What each measure falls short of enough, from 0 to MOST_MISSING.

        In powers of two, but for noise: by how much that is above enough, in units of NOISE_UNIT.
        """
        return {
            name: min(max(_short_of(measure.enough, getattr(quality, name), name), 0.0), MOST_MISSING)
            for name, measure in self.measures.items()
        }

    def warmth(self, quality: Quality | None) -> float:
        """By what to multiply the temperature; 1 where nothing is missing or known, else more."""
        if quality is None:
            return 1.0
        return math.exp(
            sum(self.measures[name].log_temperature * short for name, short in self.missing(quality).items())
        )

    def accuracy(self, quality: Quality) -> float:
        """The share of such faces that is read rightly, 0..1."""
        log_odds = self.log_odds - sum(self._costs(quality).values())
        return 1 / (1 + math.exp(-log_odds))

    def reason(self, quality: Quality | None) -> Reason | None:
        """Why a face cannot be read: what costs most; None if it can, or if nothing is known.

        In the dark it is noise that hides a face, so there noise stands for darkness.
        """
        if quality is None or self.accuracy(quality) >= LEAST_ACCURACY:
            return None
        costs = self._costs(quality)
        worst = max(costs, key=lambda name: costs[name])
        if worst == "noise" and self.missing(quality).get("brightness", 0.0) > 0:
            return "too dark"
        return REASONS[worst]

    def _costs(self, quality: Quality) -> dict[Measured, float]:
        return {name: self.measures[name].log_odds * short for name, short in self.missing(quality).items()}


def _short_of(enough: float, value: float, name: Measured) -> float:
    if name == "noise":
        return (value - enough) / NOISE_UNIT
    ratio = math.log2(max(enough, SMALLEST) / max(value, SMALLEST))
    return -ratio if name == "turned" else ratio
