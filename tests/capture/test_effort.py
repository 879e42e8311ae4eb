"""Less is asked of live frames step by step, and more again; hours pass in microseconds."""

from itertools import pairwise

import pytest

from capture.effort import CLASSIFY, HOLD_S, LEAST_SIDE, LONGEST_HOLD_S, SCANS, SETTLE_S, WATCH_S, Effort, Ladder

SET = Effort(scan_s=0.25, max_side=1920, classify_every=3)


class Watch:
    """A ladder watched once a second."""

    def __init__(self):
        self.ladder, self.now = Ladder(), 100.0

    def seconds(self, count, share, bottleneck="detector"):
        """The steps as they changed."""
        changes = []
        for _ in range(count):
            self.now += 1
            if self.ladder.watch(share, bottleneck, self.now):
                changes.append((self.ladder.search, self.ladder.classify))
        return changes


def test_what_costs_least_truth_comes_first():
    """Whole frames less often, then smaller, then fewer of them classified; never below what still makes sense."""
    efforts = [SET.reduced(search, 0) for search in range(len(SCANS))]
    assert [effort.scan_s for effort in efforts] == [0.25, 0.5, 1.0, 1.0, 1.0]
    assert [effort.max_side for effort in efforts] == [1920, 1920, 1920, 1280, 960]
    assert [SET.reduced(0, step).classify_every for step in range(len(CLASSIFY))] == [3, 6, 12]
    assert SET.reduced(4, 2).steps == 6
    assert Effort(0.0, 400, 3).reduced(4, 0).max_side == LEAST_SIDE
    assert Effort(0.0, 200, 3).reduced(4, 0).max_side == 200
    assert SET.reduced(0, 0) == SET


def test_every_frame_searched_whole_is_the_first_thing_to_go():
    """Also where that was asked for: to see little of each second is less true than to search less often."""
    assert Effort(0.0, 1920, 3).reduced(1, 0).scan_s == 0.5


def test_overload_takes_step_by_step_to_the_bottom():
    """Each step is watched before the next; at the bottom it stays."""
    watch = Watch()
    assert watch.seconds(60, 0.1) == [(1, 0), (2, 0), (3, 0), (4, 0), (4, 1), (4, 2)]
    assert Watch().seconds(int(SETTLE_S + WATCH_S), 0.1) == [(1, 0)]


def test_slow_classifiers_get_fewer_frames_first():
    """To search less would help nobody."""
    assert Watch().seconds(12, 0.1, "classifier") == [(0, 1), (0, 2), (1, 2)]


def test_a_few_skipped_frames_change_nothing():
    """Nine in ten is no overload, and not enough to ask for more."""
    watch = Watch()
    assert watch.seconds(100, 0.9) == []
    watch.seconds(5, 0.1)
    assert watch.seconds(100, 0.9) == []


def test_it_is_undone_when_there_is_room():
    """Step by step, the last one first."""
    watch = Watch()
    watch.seconds(60, 0.1)
    undone = watch.seconds(120, 1.0)
    assert undone == [(4, 1), (4, 0), (3, 0), (2, 0), (1, 0), (0, 0)]


def test_what_was_undone_too_early_is_tried_again_later():
    """Twice as late every time, so that nobody sees it swing."""
    watch = Watch()
    watch.seconds(6, 0.1)
    waits = []
    for _ in range(6):
        began = watch.now
        while not watch.seconds(1, 1.0):
            assert watch.now - began < 2 * LONGEST_HOLD_S + 20
        waits.append(watch.now - began)
        while not watch.seconds(1, 0.1):
            pass
    assert waits[0] == pytest.approx(HOLD_S + SETTLE_S + WATCH_S, abs=2)
    assert all(later >= 1.4 * sooner for sooner, later in pairwise(waits[:5]))
    assert waits[-1] <= LONGEST_HOLD_S + SETTLE_S + WATCH_S + 1


def test_nothing_is_learnt_while_nobody_works():
    """A detector that is being restarted is no overload."""
    watch = Watch()
    assert watch.seconds(100, None) == []
    assert watch.seconds(int(SETTLE_S + WATCH_S) - 1, 0.0) == [], "what was skipped meanwhile is still in the share"
