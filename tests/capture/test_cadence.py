"""Which frames are classified, at any frame rate and wherever a killed capture goes on."""

import random
from itertools import pairwise

import pytest

from capture.cadence import Cadence, Classified, chosen_within


def chosen(times, cadence, every=3, first=0, before=None):
    """The frames classified of those at these media times."""
    seqs = []
    for seq, pts in enumerate(times, first):
        if cadence.is_due(seq, pts, before, every):
            cadence.note(seq, pts)
            seqs.append(seq)
        before = pts
    return seqs


@pytest.mark.parametrize(
    ("fps", "step"), [(60, 3), (30, 3), (30_000 / 1001, 3), (25, 2), (24, 2), (20, 2), (15, 1), (10, 1), (5, 1)]
)
def test_below_30_frames_a_second_more_of_them_are_classified(fps, step):
    """Every third from 30 on; below, no more than 0.1 s passes between two, as far as there are frames."""
    exact = [seq / fps for seq in range(90)]
    assert chosen(exact, Cadence()) == list(range(0, 90, step))
    rounded = [round(pts, 3) for pts in exact]
    assert chosen(rounded, Cadence()) == list(range(0, 90, step)), "Matroska knows whole milliseconds"


def test_a_changing_frame_rate_leaves_no_gap():
    """A phone's film: 20 to 40 frames a second by turns."""
    steps = [0.025] * 20 + [0.05] * 20 + [0.04, 0.028] * 20
    times = [sum(steps[:seq]) for seq in range(len(steps))]
    found = [times[seq] for seq in chosen(times, Cadence())]
    assert max(later - earlier for earlier, later in pairwise(found)) <= 0.105


def test_set_higher_the_rule_is_as_much_sparser():
    """Every sixth frame means 0.2 s, whatever the frame rate."""
    assert chosen([seq / 30 for seq in range(19)], Cadence(), every=6) == [0, 6, 12, 18]
    assert chosen([seq / 10 for seq in range(7)], Cadence(), every=6) == [0, 2, 4, 6]


def test_a_killed_capture_chooses_the_same_frames():
    """Wherever it goes on, and whatever was forgotten on the way."""
    dice = random.Random(1)
    times = [0.0]
    while len(times) < 60:
        times.append(times[-1] + dice.choice((0.02, 0.033, 0.05, 0.12)))
    whole = chosen(times, Cadence())
    for acked in range(59):
        first = Cadence()
        chosen(times[: acked + 5], first)
        first.forget_before(acked)
        resumed = Cadence(first.up_to(acked))
        rest = chosen(times[acked + 1 :], resumed, first=acked + 1, before=times[acked])
        assert rest == [seq for seq in whole if seq > acked]


def test_only_what_is_needed_is_kept():
    """Of an hour the last chosen frame that is acknowledged, and those after it."""
    cadence = Cadence()
    for seq in range(0, 3000, 3):
        cadence.note(seq, seq / 30)
    cadence.forget_before(2990)
    assert cadence.up_to(2990) == Classified(2988, 2988 / 30, 996)
    assert len(cadence._chosen) == 4


@pytest.mark.parametrize(
    ("step_s", "count"),
    [(1 / 60, 20), (1 / 30, 10), (0.033, 10), (0.04, 12), (0.1, 10), (0.2, 5), (0.5, 2), (1, 1), (60, 1)],
)
def test_how_many_frames_make_a_round(step_s, count):
    """Those classified in a second at this pace."""
    assert chosen_within(1.0, step_s, 3) == count


def test_frames_without_time_between_them_make_some_round():
    """Two with the same time stamp."""
    assert chosen_within(1.0, 0.0, 3) == chosen_within(1.0, -5.0, 3) > 100
