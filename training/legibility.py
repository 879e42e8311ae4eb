"""Fits how far a release can be read at a picture's quality, and judges that on pictures it was not fitted on."""

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from classifier.backends import softmax
from classifier.legibility import LEAST_ACCURACY, Legibility, Measure, Measured
from shared.messages import Quality
from training.degraded import CLEAN, Samples
from training.metrics import calibration_error
from training.view import ENLARGED

CLEAN_WEIGHT = 3.0
"""Of a picture as it is: as much as that of all strengths of a condition together."""
LEAST_WEIGHT, MOST_WEIGHT = 0.001, 10.0
"""Whatever is missing, nobody gets surer of a worse picture."""
QUANTILES: dict[Measured, float] = {
    "sharpness": 0.05,
    "noise": 0.95,
    "brightness": 0.05,
    "contrast": 0.05,
    "turned": 0.9,
    "mouth": 0.05,
}
"""Which of the undisturbed faces have just enough of a measure."""
MEASURES: tuple[Measured, ...] = get_args(Measured)


@dataclass(frozen=True)
class Row:
    """What was measured in one condition, all strengths together; shares and errors from 0 to 1."""

    condition: str
    n: int
    found: float
    accuracy: float
    ece_before: float
    ece: float
    same: float
    """How many get the label of the undisturbed picture."""
    flagged: float
    accuracy_flagged: float | None
    accuracy_unflagged: float | None


def enough(clean: list[Quality], detail: int = 48) -> dict[Measured, float]:
    """Of each measure what costs nothing: a quantile of the undisturbed faces, and for the size the pictures' own."""
    values = {name: np.quantile([getattr(one, name) for one in clean], share) for name, share in QUANTILES.items()}
    values["size"] = np.median([one.size for one in clean]) * detail / ENLARGED
    return {name: round(float(values[name]), 4) for name in MEASURES}


def fit(samples: Samples, model: str, temperature: float, rows: np.ndarray) -> Legibility:
    """The fit of some rows (M,) bool of the samples.

    The weights have the least log loss of being right: for the temperatures with the largest probability as the
    expectation, which is what a calibration error is about, for the odds with the quality alone.
    """
    used = np.flatnonzero(rows)
    clean = [samples.quality[row] for row in used if samples.condition[row] == CLEAN]
    costless = Legibility(0.0, {name: Measure(value, 0.0, 0.0) for name, value in enough(clean).items()})
    missing = np.array([list(costless.missing(samples.quality[row]).values()) for row in used])
    logits = samples.logits[model][used].astype(np.float64)
    right = logits.argmax(1) == samples.label[used]
    weight = np.where(samples.condition[used] == CLEAN, CLEAN_WEIGHT, 1.0)

    def unsure(weights: np.ndarray) -> float:
        warmth = np.exp(missing @ weights)
        return _log_loss(softmax(logits / (temperature * warmth[:, None])).max(1), right, weight)

    def unlikely(weights: np.ndarray) -> float:
        return _log_loss(expit(weights[0] - missing @ weights[1:]), right, weight)

    start, limits = np.full(len(MEASURES), 0.1), [(LEAST_WEIGHT, MOST_WEIGHT)] * len(MEASURES)
    warmths = minimize(unsure, start, method="L-BFGS-B", bounds=limits).x
    odds = minimize(unlikely, [0.5, *start], method="L-BFGS-B", bounds=[(-10.0, 10.0), *limits]).x
    measures = {
        name: Measure(costless.measures[name].enough, round(float(warm), 4), round(float(cost), 4))
        for name, warm, cost in zip(MEASURES, warmths, odds[1:], strict=True)
    }
    return Legibility(round(float(odds[0]), 4), measures)


def _log_loss(expected: np.ndarray, right: np.ndarray, weight: np.ndarray) -> float:
    expected = expected.clip(1e-9, 1 - 1e-9)
    return float(-(weight * np.where(right, np.log(expected), np.log1p(-expected))).sum() / weight.sum())


def judge(samples: Samples, model: str, temperature: float) -> list[Row]:
    """Each half of the pictures with what was fitted on the other, by condition."""
    pictures, conditions = np.unique(samples.picture, return_counts=True)
    half = np.isin(samples.picture, pictures[np.lexsort((pictures, conditions))][::2])
    warmth, expected = np.ones(len(half)), np.ones(len(half))
    for judged in (half, ~half):
        fitted = fit(samples, model, temperature, ~judged)
        for row in np.flatnonzero(judged):
            quality = samples.quality[row]
            warmth[row], expected[row] = fitted.warmth(quality), fitted.accuracy(quality)
    return [
        _row(samples, model, temperature, condition, warmth, expected < LEAST_ACCURACY)
        for condition in dict.fromkeys(samples.condition.tolist())
    ]


def _row(
    samples: Samples, model: str, temperature: float, condition: str, warmth: np.ndarray, flagged: np.ndarray
) -> Row:
    rows = samples.condition == condition
    logits, labels = samples.logits[model], samples.label
    said = logits.argmax(1)
    right = said == labels
    undisturbed = dict(zip(samples.picture[samples.condition == CLEAN], said[samples.condition == CLEAN], strict=True))
    same = said == np.array([undisturbed[picture] for picture in samples.picture])

    def error(warmths: Any) -> float:
        return calibration_error(softmax(logits[rows] / (temperature * warmths)), labels[rows])

    def accuracy(some: np.ndarray) -> float | None:
        return float(right[some].mean()) if some.any() else None

    return Row(
        condition=condition,
        n=int(rows.sum()),
        found=float(samples.found[rows].mean()),
        accuracy=float(right[rows].mean()),
        ece_before=error(1.0),
        ece=error(warmth[rows, None]),
        same=float(same[rows].mean()),
        flagged=float(flagged[rows].mean()),
        accuracy_flagged=accuracy(rows & flagged),
        accuracy_unflagged=accuracy(rows & ~flagged),
    )


def table(rows: list[Row]) -> list[str]:
    """The rows as a table in Markdown."""
    head = "condition | found | accuracy | ECE before | ECE | same label as undisturbed | flagged | accuracy of those"
    lines = [f"| {head} | of the others |", "|---" * (head.count("|") + 2) + "|"]
    for row in rows:
        shares = (row.found, row.accuracy, None, None, row.same, row.flagged, row.accuracy_flagged)
        cells = [_percent(share) for share in (*shares, row.accuracy_unflagged)]
        cells[2:4] = f"{row.ece_before:.3f}", f"{row.ece:.3f}"
        lines.append(f"| {row.condition} | {' | '.join(cells)} |")
    return lines


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}".replace("%", " %")
