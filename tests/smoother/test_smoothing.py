"""Exponential smoothing: a curve in time, and a distribution at every point."""

import math

import pytest

from smoother.smoothing import smooth

CALM = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)
HAPPY = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
MIXED = (0.1, 0.2, 0.05, 0.3, 0.15, 0.1, 0.1)


def test_the_first_value_is_the_current_one():
    """Nothing is held back when a face is new, however long ago it was seen."""
    assert smooth(None, MIXED, dt=12.0) == MIXED


def test_the_formula_at_the_nominal_interval():
    """At 0.1 s it is a · previous + (1 − a) · current with a = 0.7."""
    assert smooth(CALM, HAPPY, dt=0.1)[3:5] == pytest.approx((0.3, 0.7))
    assert smooth(CALM, HAPPY, dt=0.1, a=0.85)[3:5] == pytest.approx((0.15, 0.85))


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 30, 1000])
def test_the_curve_in_time_does_not_depend_on_the_sampling(steps):
    """A second of a new expression leads to the same place, in one step or in a thousand."""
    probs = CALM
    for _ in range(steps):
        probs = smooth(probs, HAPPY, dt=1.0 / steps)
    assert probs[4] == pytest.approx(0.7**10, rel=1e-9)


def test_no_time_or_time_running_backwards_changes_nothing():
    """dt is at least 0, so that a frame that comes twice does not count twice."""
    assert smooth(CALM, HAPPY, dt=0.0) == CALM
    assert smooth(CALM, HAPPY, dt=-5.0) == CALM


@pytest.mark.parametrize("dt", [1e6, 1e300, math.inf])
def test_after_ages_only_the_present_counts(dt):
    """An extreme gap neither overflows nor leaves a rest of the past."""
    assert smooth(CALM, MIXED, dt=dt) == pytest.approx(MIXED)


@pytest.mark.parametrize(("a", "expected"), [(0.0, HAPPY), (1.0, CALM)])
def test_the_ends_of_the_setting(a, expected):
    """a = 0 does not smooth at all, a = 1 never moves."""
    assert smooth(CALM, HAPPY, dt=0.033, a=a) == expected


def test_sums_stay_one_and_values_between_their_neighbours():
    """A thousand steps leave a distribution: no drift, nothing outside [0, 1]."""
    probs = MIXED
    for step in range(1000):
        before, current = probs, (CALM, HAPPY, MIXED)[step % 3]
        probs = smooth(before, current, dt=0.001 * (step % 97))
        assert sum(probs) == pytest.approx(1.0, abs=1e-12)
        assert all(
            min(pair) - 1e-15 <= p <= max(pair) + 1e-15
            for p, pair in zip(probs, zip(before, current, strict=True), strict=True)
        )
