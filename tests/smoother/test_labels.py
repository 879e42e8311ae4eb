"""The label: it follows an expression that stays, and no flicker."""

import pytest

from shared.messages import EMOTIONS
from smoother.labels import Label, LabelRule, relabel
from smoother.smoothing import smooth

HAPPY, SAD = EMOTIONS.index("happy"), EMOTIONS.index("sad")
RULE = LabelRule(lead=0.3, seconds=0.4)


def of(**shares):
    """Probabilities by emotion."""
    return tuple(shares.get(emotion, 0.0) for emotion in EMOTIONS)


def shown(samples, step_s=0.1, rule=RULE, a=0.7):
    """The labels of probabilities `step_s` apart."""
    label = smoothed = before = None
    names = []
    for count, probs in enumerate(samples):
        pts = count * step_s
        smoothed = smooth(smoothed, probs, 0.0 if before is None else pts - before, a)
        label = relabel(label, probs, smoothed, pts, rule)
        before = pts
        names.append(label.name)
    return names


def test_the_first_label_is_the_largest():
    """Nothing is held back when a face is new."""
    assert relabel(None, of(happy=0.6, sad=0.4), of(happy=0.4, sad=0.6), 5.0, RULE) == Label(SAD, HAPPY, 5.0, 5.0)


def test_a_clear_change_is_shown_within_four_tenths():
    """From one sure expression to another: as soon as the smoothed lead is clear."""
    names = shown([of(neutral=0.9, sad=0.1)] * 10 + [of(happy=0.9, neutral=0.1)] * 5)
    assert names == ["neutral"] * 13 + ["happy"] * 2


def test_a_faint_change_is_shown_when_it_lasts():
    """A small lead has to hold for a while, and is then believed."""
    names = shown([of(neutral=0.55, happy=0.45)] * 10 + [of(happy=0.55, neutral=0.45)] * 10, a=0.0)
    assert names == ["neutral"] * 14 + ["happy"] * 6


def test_a_lead_is_that_of_one_emotion():
    """Two that lead by turns do not add up."""
    rivals = [of(neutral=0.2, happy=0.45, sad=0.35), of(neutral=0.2, happy=0.35, sad=0.45)]
    assert set(shown([of(neutral=1.0)] + rivals * 10, a=0.0)[1:]) == {"neutral"}


def test_noise_around_a_tie_changes_nothing():
    """Of two that lead by turns the one shown stays."""
    assert set(shown([of(neutral=0.55, happy=0.45), of(happy=0.55, neutral=0.45)] * 50)) == {"neutral"}


def test_no_change_at_a_frame_that_speaks_against_it():
    """The lead is a memory: when the face has gone back already, the label does not go first."""
    names = shown([of(neutral=0.9, sad=0.1)] * 10 + [of(happy=1.0)] * 2 + [of(neutral=0.6, happy=0.4)] * 10)
    assert set(names) == {"neutral"}


@pytest.mark.parametrize("step_s", [1 / 30, 1 / 15, 0.1, 0.2])
def test_the_rule_is_in_media_time(step_s):
    """However often a face is classified, a change from one sure expression to another takes as long."""
    calm = round(2 / step_s)
    names = shown([of(neutral=0.9, sad=0.1)] * calm + [of(happy=0.9, neutral=0.1)] * calm, step_s)
    took_s = (names.index("happy") - calm) * step_s
    assert 0.25 - step_s <= took_s <= 0.4


def test_pictures_a_second_apart_have_labels_of_their_own():
    """What was shown before says nothing of them, however small the lead."""
    names = shown([of(neutral=0.55, happy=0.45), of(happy=0.55, neutral=0.45), of(sad=0.55, neutral=0.45)], step_s=1.0)
    assert names == ["neutral", "happy", "sad"]


def test_frames_that_cannot_be_read_are_no_time_in_which_nothing_happened():
    """After half a second of them, the next readable frame has the label of its own."""
    before = relabel(None, of(neutral=1.0), of(neutral=1.0), 1.0, RULE)
    own, smoothed = of(happy=0.6, neutral=0.4), of(happy=0.5, neutral=0.45)
    assert relabel(before, own, smoothed, 1.3, RULE).name == "neutral"
    assert relabel(before, own, smoothed, 1.5, RULE).name == "happy"


def test_without_lead_and_time_the_label_follows_at_once():
    """Both settings at 0, and no smoothing."""
    names = shown([of(neutral=0.55, happy=0.45), of(happy=0.55, neutral=0.45)] * 3, rule=LabelRule(0.0, 0.0), a=0.0)
    assert names == ["neutral", "happy"] * 3
