"""Recipes: their schedules, and what the command line changes in them."""

from dataclasses import replace

import numpy as np
import pytest

from classifier.release import MODELS, load_release
from training.recipes import PRESETS, changed, rate

RECIPE = PRESETS["emotion-cnn"]


@pytest.mark.parametrize(("schedule", "expected"), [("constant", [1, 1, 1, 1]), ("step", [1, 1, 0.1, 0.01])])
def test_schedules_of_steps(schedule: str, expected: list[float]) -> None:
    """The rate at the start, before and after half of the run, and after three quarters."""
    recipe = replace(RECIPE, schedule=schedule, rate=1)
    assert [rate(recipe, progress) for progress in (0, 0.49, 0.51, 0.8)] == pytest.approx(expected)


def test_a_cosine_falls_from_the_start() -> None:
    """All of the rate at first, half of it in the middle, none at the end."""
    recipe = replace(RECIPE, schedule="cosine", rate=1)
    assert [rate(recipe, progress) for progress in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])


def test_one_cycle_rises_and_ends_at_zero() -> None:
    """The highest rate comes after the warm-up, the last is zero."""
    recipe = RECIPE
    rates = [rate(recipe, progress) for progress in np.linspace(0, 1, 101)]
    assert np.argmax(rates) == round(100 * recipe.warmup)
    assert max(rates) == pytest.approx(recipe.rate)
    assert rates[-1] == pytest.approx(0, abs=1e-9)
    assert rate(PRESETS["original"], 0.7) == 1e-3


def test_options_change_recipe_and_augmentation() -> None:
    """An option named like an augmentation's amount goes there, all else is the recipe's."""
    recipe = changed(RECIPE, {"rate": 0.5, "degrees": 20.0})
    assert (recipe.rate, recipe.augmentation.degrees) == (0.5, 20)
    assert changed(recipe, {"rate": RECIPE.rate, "degrees": RECIPE.augmentation.degrees}) == RECIPE


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_names_releases_that_are_there(preset: str) -> None:
    """With their version: who makes a new release decides whether presets go on from that one."""
    for reference in {PRESETS[preset].start, PRESETS[preset].teacher} - {""}:
        name, version = reference.split("@")
        assert load_release(name, MODELS).config.weights_version == version
