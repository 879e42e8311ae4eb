"""What counts as a change that was taken back, and as one that was shown late."""

import math

import numpy as np
import pytest

from benchmarks.flicker import Changes, Look, Reading, by_cadence, changes, delays, difference, readings
from detector.mtcnn import Detections

TIMES = [count / 10 for count in range(20)]


def labels(text):
    """One letter a tenth of a second."""
    return list(text)


def test_a_change_is_taken_back_if_another_follows_within_half_a_second():
    """Half a second later still counts, six tenths do not."""
    assert changes(TIMES, labels("aaaabbbbbaaaaaaaaaaa")) == Changes(2, 1)
    assert changes(TIMES, labels("aaaabbbbbbaaaaaaaaaa")) == Changes(2, 0)


def test_a_real_change_stays_and_is_shown_later():
    """A flicker of the raw label is none; a change that is never shown is infinitely late."""
    raw = labels("aaaabaaabbbbbbcccccc")
    assert delays(TIMES, raw, labels("aaaaaaaaaabbbbbbbbbb")) == [pytest.approx(0.2), math.inf]


def test_two_films_are_compared_at_the_same_moments():
    """Each label holds until the next reading."""
    film = [Reading(pts, 0, 0, label) for pts, label in ((0.0, "a"), (1.5, "b"), (3.0, "b"))]
    later = [Reading(pts, 0, 0, label) for pts, label in ((0.0, "a"), (2.0, "b"), (3.0, "b"))]
    assert difference(film, film) == 0
    assert difference(film, later, step_s=0.5) == pytest.approx(1 / 4)


def test_readings_are_those_of_one_face_at_the_classified_frames():
    """Every third at 30 frames a second; a face too doubtful to be classified says nothing."""
    sure = Detections(np.array([[10.0, 10, 60, 70], [200, 10, 250, 70]]), np.array([0.99, 0.7]), np.zeros((2, 5, 2)))
    film = [Look(seq / 30, sure, np.eye(7)[[3, 5]], [], []) for seq in range(30)]
    found = readings(film, by_cadence())
    assert [reading.pts for reading in found] == [seq / 30 for seq in range(3, 30, 3)], "from its id on"
    assert {reading.shown for reading in found} == {"happy"}
