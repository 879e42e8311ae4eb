"""Scores against cases worked out by hand."""

import numpy as np
import pytest

from classifier.backends import softmax
from training.metrics import calibration_error, fit_temperature, report


def test_scores_of_a_small_case() -> None:
    """Two classes of two pictures, one mistake."""
    probs = np.full((4, 7), 0.02)
    probs[[0, 1, 2, 3], [0, 0, 1, 0]] = 0.88
    scores = report(probs, np.array([0, 0, 1, 1]))
    assert scores["accuracy"] == 0.75
    assert scores["confusion"][1][:2] == [1, 1]
    assert scores["per_class"]["angry"] == pytest.approx({"precision": 2 / 3, "recall": 1, "f1": 0.8, "n": 2})
    assert scores["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)  # of the classes that occur
    assert scores["ece"] == pytest.approx(0.88 - 0.75)
    assert scores["nll"] == pytest.approx(-(3 * np.log(0.88) + np.log(0.02)) / 4)
    assert scores["n"] == 4


def test_a_calibrated_answer_has_no_error() -> None:
    """Half sure and right half of the time."""
    probs = np.tile([0.5, 0.5 / 6, *[0.5 / 6] * 5], (10, 1))
    assert calibration_error(probs, np.array([0, 1] * 5)) == pytest.approx(0)


def test_the_temperature_that_made_the_logits_is_found() -> None:
    """Labels drawn from softmax(logits / 2) give a temperature of about 2."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, (20_000, 7))
    labels = np.array([rng.choice(7, p=row) for row in softmax(logits / 2)])
    assert fit_temperature(logits, labels) == pytest.approx(2, rel=0.05)
