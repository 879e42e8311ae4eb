"""Work sharing: who is live, who has the least to do."""

from typing import Any

import pytest

from shared.members import STATUS_FRESH_S, Members


def joined(*workers, now=0.0):
    members = Members("crops")
    for worker in workers:
        members.note(True, f"crops/{worker}/", now)
    return members


def test_a_subscription_is_a_membership():
    """No registry: who subscribes to its own topic is a worker, until the subscription goes."""
    members = Members("crops")
    assert members.note(True, "crops/classifier-a-1/", 0.0) == "classifier-a-1"
    assert members.live(0.0) == ["classifier-a-1"]
    assert members.note(False, "crops/classifier-a-1/", 1.0) == "classifier-a-1"
    assert members.live(1.0) == []


def test_observers_and_other_topics_are_no_workers():
    """Whoever listens to everything, or to another topic, must get no work."""
    members = Members("crops")
    for topic in ("", "crops", "crops/", "frame/x/", "crops//", "crops/a/b/", "crops/a"):
        assert members.note(True, topic, 0.0) is None
    assert members.live(0.0) == []


def test_silence_ends_liveness():
    """A stopped or hung process stays subscribed; its missing status gives it away."""
    members = joined("a", "b")
    members.beat("a", 10.0)
    assert members.live(10.0 + STATUS_FRESH_S) == ["a"]
    members.beat("stranger", 10.0)
    assert members.live(10.0) == ["a"]


def test_the_least_loaded_gets_the_work():
    """Of workers equally fast the least loaded; with equal loads the choice is stable."""
    members = joined("a", "b")
    assert members.pick(0.0) == "a"
    members.sent("a", 1, 0.0)
    assert members.pick(0.0) == "b"
    members.sent("b", 2, 0.0, load=3)
    assert members.pick(0.0) == "a"
    members.done(2, "b", 3.0)
    members.done(1, "a", 3.0)
    members.sent("a", 3, 3.0)
    assert members.pick(3.0) == "b"


@pytest.mark.parametrize("window", [6, 8, 16])
def test_a_slow_worker_slows_nobody_down(window):
    """Beside one five times slower, a worker and its sibling do nearly the sum of what each does alone."""
    members = joined("fast", "slow")
    cost_s = {"fast": 0.005, "slow": 0.025}
    queues: dict[str, list[Any]] = {"fast": [], "slow": []}
    done = {"fast": 0, "slow": 0}
    for tick in range(4000):
        now = tick * 0.0005
        for worker, queue in queues.items():
            members.beat(worker, now)
            while queue and queue[0][0] <= now:
                members.done(queue.pop(0)[1], worker, now)
                done[worker] += 1
        while sum(map(len, queues.values())) < window:
            worker, what = members.pick(now), (tick, sum(map(len, queues.values())))
            queue = queues[worker]
            queue.append((max([now] + [end for end, _ in queue]) + cost_s[worker], what))
            members.sent(worker, what, now)
    assert done["fast"] + done["slow"] > 0.93 * (2.0 / cost_s["fast"] + 2.0 / cost_s["slow"])
    assert done["slow"] > 0


def test_a_newcomer_gets_work_at_once():
    """Nobody knows yet how fast it is; it is given the benefit of the doubt."""
    members = joined("old")
    for key in range(3):
        members.sent("old", key, 0.0)
    members.done(0, "old", 0.1)
    members.note(True, "crops/new/", 0.1)
    assert members.pick(0.1) == "new"


def test_waiting_behind_others_is_not_slowness():
    """Ten messages sent at once come back one after the other: each took the time since the one before."""
    members = joined("a", "b")
    for key in range(10):
        members.sent("a", key, 0.0)
    for key in range(10):
        members.done(key, "a", 0.1 * (key + 1))
    members.sent("b", "x", 1.0)
    members.done("x", "b", 1.15)
    assert members.pick(1.2) == "a"


def test_avoiding_a_worker_when_there_is_another():
    """A retry goes elsewhere, if there is an elsewhere."""
    members = joined("a", "b")
    assert members.pick(0.0, avoid={"a"}) == "b"
    assert members.pick(0.0, avoid={"a", "b"}) == "a"
    assert Members("crops").pick(0.0) is None


def test_a_worker_that_leaves_takes_its_load_along():
    """A worker's successor starts without its predecessor's backlog."""
    members = joined("a", "b")
    members.sent("a", 1, 0.0)
    members.note(False, "crops/a/", 0.0)
    members.note(True, "crops/a/", 0.0)
    assert members.pick(0.0) == "a"


def test_lost_answers_are_forgotten():
    """An answer that never came does not count against a worker for ever."""
    members = Members("crops", forget_s=10.0)
    members.note(True, "crops/a/", 0.0)
    members.note(True, "crops/b/", 0.0)
    for key in range(5):
        members.sent("a", key, 0.0)
    members.beat("a", 20.0)
    members.beat("b", 20.0)
    members.sent("a", "new", 20.0)
    members.sent("b", "x", 20.0, load=2)
    assert members.pick(20.0) == "a"


def test_nobody_has_more_than_enough():
    """When all have so many, nobody is picked: work waits with its sender, where it can still be replaced."""
    members = joined("a", "b")
    assert members.room(0.0, 2) == 4
    for key in range(4):
        members.sent(members.pick(0.0, most=2), key, 0.0)
    assert members.room(0.0, 2) == 0
    assert members.pick(0.0, most=2) is None
    assert members.pick(0.0) is not None
    members.done(0, "a", 0.1)
    assert members.pick(0.1, most=2) == "a"


def test_who_takes_long_gets_one_at_a_time():
    """What waits behind a second's work would be a second old when it is begun."""
    members = joined("quick", "slow")
    members.slow_s = 0.25
    for name, took_s in (("quick", 0.1), ("slow", 1.0)):
        members.sent(name, name, 0.0)
        members.done(name, name, took_s)
    assert members.room(1.0, 2) == 3
    members.sent("slow", "x", 1.0)
    assert members.room(1.0, 2) == 2


def test_dropped_work_says_nothing_of_a_workers_pace():
    """It frees its place, and that is all."""
    members = joined("a")
    members.sent("a", 1, 0.0)
    members.dropped(1, "a")
    assert members.room(0.0, 2) == 2
    assert members.expected_s("a") is None


def test_a_later_answer_tells_that_earlier_work_is_lost():
    """Workers answer in order."""
    members = joined("a")
    for key in range(3):
        members.sent("a", key, float(key))
    members.done(2, "a", 9.0)
    assert members.room(0.0, 3) == 3


def test_a_status_tells_what_never_arrived():
    """Work that its worker does not know of counts no longer, once it must have arrived; other sources' does."""
    members = joined("a")
    members.sent("a", ("film", 1, 1), 0.0)
    members.sent("a", ("door", 1, 1), 0.0)
    members.sent("a", ("film", 1, 2), 2.0)
    members.beat("a", 2.5, {"door": 1})
    assert members.room(2.5, 9) == 7
    members.beat("a", 2.6)
    assert members.room(2.6, 9) == 7


def test_how_long_it_should_take():
    """From what a worker has, and its pace; nothing is known of a new one."""
    members = joined("a")
    assert members.expected_s("a") is None
    members.sent("a", 1, 0.0, load=2)
    members.done(1, "a", 1.0)
    members.sent("a", 2, 1.0, load=4)
    assert members.expected_s("a") == pytest.approx(2.0)
    assert members.expected_s("nobody") is None
