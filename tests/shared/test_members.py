"""Work sharing: who is live, who has the least to do."""

from shared.members import STATUS_FRESH_S, Members


def joined(*workers, now=0.0):
    members = Members("crops")
    for worker in workers:
        members.subscription(True, f"crops/{worker}/", now)
    return members


def test_a_subscription_is_a_membership():
    """No registry: who subscribes to its own topic is a worker, until the subscription goes."""
    members = Members("crops")
    assert members.subscription(True, "crops/classifier-a-1/", 0.0) == "classifier-a-1"
    assert members.live(0.0) == ["classifier-a-1"]
    assert members.subscription(False, "crops/classifier-a-1/", 1.0) == "classifier-a-1"
    assert members.live(1.0) == []


def test_observers_and_other_topics_are_no_workers():
    """Whoever listens to everything, or to another topic, must get no work."""
    members = Members("crops")
    for topic in ("", "crops", "crops/", "frame/x/", "crops//", "crops/a/b/", "crops/a"):
        assert members.subscription(True, topic, 0.0) is None
    assert members.live(0.0) == []


def test_silence_ends_liveness():
    """A hung loop still answers ZMTP heartbeats; its missing status gives it away."""
    members = joined("a", "b")
    members.beat("a", 10.0)
    assert members.live(10.0 + STATUS_FRESH_S) == ["a"]
    members.beat("stranger", 10.0)
    assert members.live(10.0) == ["a"]


def test_the_least_loaded_gets_the_work():
    """Least outstanding first; with equal loads the choice is stable."""
    members = joined("a", "b")
    assert members.pick(0.0) == "a"
    members.sent("a", 1, 0.0)
    assert members.pick(0.0) == "b"
    members.sent("b", 2, 0.0, load=3)
    assert members.pick(0.0) == "a"
    members.done(2, "b")
    assert members.pick(0.0) == "b"


def test_a_slow_worker_gets_less():
    """A worker five times slower than its sibling ends up with about a sixth of the work."""
    members = joined("fast", "slow")
    finishes = {"fast": [], "slow": []}
    counts = {"fast": 0, "slow": 0}
    for tick in range(600):
        now = tick * 0.001
        for worker, ends in finishes.items():
            while ends and ends[0][0] <= now:
                members.done(ends.pop(0)[1], worker)
        if sum(map(len, finishes.values())) < 4:
            worker = members.pick(now)
            assert worker is not None
            start = max([now] + [end for end, _ in finishes[worker]])
            finishes[worker].append((start + (0.005 if worker == "fast" else 0.025), tick))
            members.sent(worker, tick, now)
            counts[worker] += 1
    assert counts["fast"] > 3 * counts["slow"] > 0


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
    members.subscription(False, "crops/a/", 0.0)
    members.subscription(True, "crops/a/", 0.0)
    assert members.pick(0.0) == "a"


def test_lost_answers_are_forgotten():
    """An answer that never came does not count against a worker for ever."""
    members = Members("crops", forget_s=10.0)
    members.subscription(True, "crops/a/", 0.0)
    members.subscription(True, "crops/b/", 0.0)
    for key in range(5):
        members.sent("a", key, 0.0)
    members.beat("a", 20.0)
    members.beat("b", 20.0)
    members.sent("a", "new", 20.0)
    members.sent("b", "x", 20.0, load=2)
    assert members.pick(20.0) == "a"
