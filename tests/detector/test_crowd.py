"""A crowd: who is kept, and whose turn it is."""

import numpy as np
import pytest

from detector.crowd import Turn, in_turn, keep

NOBODY = np.empty((0, 4))


def row(*lefts, side=40.0):
    """Boxes of one size with these left edges."""
    return np.array([[left, 10.0, left + side, 10.0 + side] for left in lefts]).reshape(-1, 4)


def sure(boxes):
    return np.full(len(boxes), 0.99)


def test_up_to_the_limit_all_are_kept():
    """Also those that nobody knows."""
    assert keep(row(0, 100), np.array([0.99, 0.6]), NOBODY, 2).tolist() == [0, 1]


def test_those_who_are_followed_stay():
    """In the order of `first`, although they have moved and others are surer; the kept ones keep their order."""
    boxes = row(0, 100, 200, 300)
    first = row(304, 106)
    assert keep(boxes, np.array([0.999, 0.6, 0.999, 0.7]), first, 2).tolist() == [1, 3]
    assert keep(boxes, sure(boxes), first, 1).tolist() == [3]
    assert keep(boxes, sure(boxes), first, 3).tolist() == [0, 1, 3]


def test_of_the_others_the_largest_sure_ones_are_kept():
    """A doubtful one comes last, however large."""
    boxes = np.concatenate([row(0), row(100, side=80.0), row(300, side=160.0)])
    assert keep(boxes, np.array([0.99, 0.99, 0.8]), NOBODY, 1).tolist() == [1]
    assert keep(boxes, np.array([0.99, 0.99, 0.8]), NOBODY, 2).tolist() == [0, 1]


def test_of_those_alike_the_same_are_kept_in_every_frame():
    """Boxes and confidences tremble; a choice that changed would give nobody an id."""
    dice = np.random.default_rng(1)
    places = 100 * np.arange(60)
    kept = set()
    for _ in range(20):
        boxes = row(*places + dice.normal(0, 1, 60), side=70 + dice.normal(0, 1))
        kept |= set(keep(boxes, dice.uniform(0.98, 1, 60), NOBODY, 32).tolist())
    assert kept == set(range(32))


def test_few_are_all_classified():
    """And nobody who is not wanted, as too doubtful."""
    wanted = np.array([True, False, True])
    assert in_turn(row(0, 100, 200), wanted, NOBODY, [], Turn(5, 8), most=2).tolist() == wanted.tolist()


@pytest.mark.parametrize(("people", "turns"), [(33, 2), (60, 2), (100, 4), (256, 8)])
def test_everybody_has_a_turn(people, turns):
    """Within eight classified frames, less than a second; of so many ids in a row each frame has its share."""
    boxes = row(*range(0, 100 * people, 100))
    ids = list(range(5, 5 + people))
    said = np.array(
        [in_turn(boxes, np.ones(people, bool), boxes + 3, ids, Turn(turn, 10), 32) for turn in range(turns)]
    )
    assert said.sum(axis=0).tolist() == [1] * people
    assert said.sum(axis=1).max() <= 32


def test_nobody_misses_a_turn_when_others_come_and_go():
    """The number of groups goes up and down, and so do the places in the row; ids stay."""
    dice = np.random.default_rng(2)
    boxes = row(*range(0, 10_000, 100))
    ids: list[int | None] = list(range(1, 101))
    since = np.zeros(100, int)
    for turn in range(100):
        there = dice.random(100) < 0.65  # about 64, so that there are two or four groups of 32
        due = in_turn(boxes[there], np.ones(there.sum(), bool), boxes, ids, Turn(turn, 10), 32)
        since[there] += 1
        since[np.flatnonzero(there)[due]] = 0
        assert since.max() <= 12, "four, and longer for those who were away in their turn"


def test_those_without_an_id_take_turns_from_left_to_right():
    """A replay that searches every frame whole knows nobody."""
    boxes = row(300, 0, 100, 200)
    said = [in_turn(boxes, np.ones(4, bool), NOBODY, [], Turn(turn, 10), 2).tolist() for turn in range(2)]
    assert said == [[False, True, False, True], [True, False, True, False]]
    known = in_turn(boxes, np.ones(4, bool), boxes, [None] * 4, Turn(0, 10), 2)
    assert known.tolist() == said[0]


@pytest.mark.parametrize(("turns", "least"), [(1, 100), (3, 50), (5, 25)])
def test_a_round_is_no_longer_than_asked(turns, least):
    """The pictures of a folder are each classified whole, and at a few frames a second there are few groups."""
    boxes = row(*range(0, 10_000, 100))
    assert in_turn(boxes, np.ones(100, bool), boxes, list(range(100)), Turn(0, turns), 10).sum() == least
