"""Twelve clips of changes of light and twelve of cuts, from the pixels on."""

import pytest

from benchmarks.identity import judge, watch
from benchmarks.light import changes_of_light, cuts
from training.view import pipeline_detector


@pytest.fixture(scope="module")
def detector(tmp_path_factory):
    """As in the pipeline."""
    return pipeline_detector(1)


def test_a_change_of_light_keeps_everybody(detector):
    """One id for each person in each clip; by the colours alone most clips have more."""
    films = [(clip, watch(clip, detector)) for clip in changes_of_light()]
    outcomes = {clip.name: judge(clip, film) for clip, film in films}
    assert len(outcomes) == 12
    assert {name: (outcome.ids, outcome.lost) for name, outcome in outcomes.items()} == {
        name: (outcome.people, 0) for name, outcome in outcomes.items()
    }
    assert sum(judge(clip, film, by_signature=True).lost > 0 for clip, film in films) >= 6


def test_a_cut_passes_no_id_on(detector):
    """An id is one person's, though the next is in the same place."""
    outcomes = {clip.name: judge(clip, watch(clip, detector)) for clip in cuts()}
    assert len(outcomes) == 12
    assert {name: outcome.passed_on for name, outcome in outcomes.items()} == dict.fromkeys(outcomes, 0)
    assert sum(outcome.ids for outcome in outcomes.values()) >= 20, "people do get ids"
