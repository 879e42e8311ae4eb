"""Who was there at the same time."""

import pytest

from recorder.episodes import Episode
from recorder.together import pairs, stretches

EPISODES = [
    Episode(1, "sad", 0.0, 4.0),
    Episode(2, "happy", 1.0, 2.0),
    Episode(2, "sad", 2.0, 6.0),
    Episode(3, None, 3.0, 5.0),
]


def test_stretches_are_without_a_change() -> None:
    """Whoever comes, goes or changes begins another."""
    assert [(start_s, end_s, dict(there)) for start_s, end_s, there in stretches(EPISODES)] == [
        (0.0, 1.0, {1: "sad"}),
        (1.0, 2.0, {1: "sad", 2: "happy"}),
        (2.0, 3.0, {1: "sad", 2: "sad"}),
        (3.0, 4.0, {1: "sad", 2: "sad", 3: None}),
        (4.0, 5.0, {2: "sad", 3: None}),
        (5.0, 6.0, {2: "sad"}),
    ]


def test_pairs_by_hand() -> None:
    """1 and 2: three seconds, two of them alike, in one piece although 3 comes in between."""
    first, second, third = pairs(EPISODES, [1, 2, 3])
    assert first.people == (1, 2)
    assert first.stretches == [(1.0, 2.0, None), (2.0, 4.0, "sad")]
    assert first.seconds == 3.0
    assert first.alike == pytest.approx(2 / 3)
    assert (second.people, second.seconds, second.alike) == ((2, 3), 2.0, 0.0)
    assert (third.people, third.seconds) == ((1, 3), 1.0)


def test_only_those_asked_for() -> None:
    """And nobody with themselves."""
    assert [pair.people for pair in pairs(EPISODES, [1, 3])] == [(1, 3)]
    assert pairs(EPISODES, [2]) == []
