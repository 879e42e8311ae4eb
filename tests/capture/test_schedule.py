"""When a stream that comes in bursts is shown: evenly, behind by what was there at first, and never skipping."""

from itertools import pairwise

import pytest

from capture.sources.schedule import Schedule

FRAME_S = 0.04


def show(schedule: Schedule, came: list[float], first: int = 0) -> list[float]:
    """When frames are shown that came at these times; the clock goes on only by waiting."""
    shown, now = [], 0.0
    for index, at in enumerate(came, first):
        now = max(now, at)
        now += max(0.0, schedule.wait_s(index * FRAME_S, now))
        shown.append(now)
    return shown


def test_bursts_are_shown_evenly() -> None:
    """Four seconds every four seconds, with four in hand: each frame in its time."""
    came = [4.0 * (index // 100 - 1) for index in range(1000)]
    schedule = Schedule()
    shown = show(schedule, came)
    steps = [after - before for before, after in pairwise(shown)]
    assert steps == pytest.approx([FRAME_S] * 999, rel=0.001)
    assert schedule.behind_s == 0


def test_a_stall_longer_than_what_was_in_hand_is_made_up_for() -> None:
    """What comes late is shown on from there, frame by frame; a few minutes later nothing of the delay is left."""
    came = [max(index // 100 * 4.0 - 4.0, 50.0 if 5 < index // 100 < 12 else 0.0) for index in range(10_000)]
    schedule = Schedule()
    shown = show(schedule, came)
    late = [at - index * FRAME_S for index, at in enumerate(shown)]
    assert late[599] == pytest.approx(0, abs=0.01)
    assert late[600] == pytest.approx(50 - 24, abs=0.1)
    assert min(after - before for before, after in pairwise(shown)) > 0.97 * FRAME_S
    assert late[3000] < late[700] - 1.5
    assert late[-1] == pytest.approx(late[700] - 0.02 * 9300 * FRAME_S, abs=0.2)
    assert 0 < schedule.behind_s < late[-1] + 0.2


@pytest.mark.parametrize("faster", [-1e-4, 1e-4])
def test_clocks_that_differ_do_not_add_up(faster: float) -> None:
    """A day of a sender whose clock is 100 ppm off: behind by no more than at first, and never far too late."""
    seconds = 86_400
    schedule, now, worst = Schedule(), 0.0, 0.0
    for segment in range(0, seconds, 4):
        now = max(now, (segment - 4) * (1 - faster))
        wait = schedule.wait_s(float(segment), now)
        worst = min(worst, wait)
        now += max(0.0, wait)
    lag = now - (seconds - 8) * (1 - faster)
    assert lag < 4.1
    assert worst > -0.1
