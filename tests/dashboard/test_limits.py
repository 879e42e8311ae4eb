"""dashboard/limits.py, budget.py: shares of one visitor."""

import pytest

from dashboard.budget import Budget
from dashboard.limits import Bucket, FullError, Visitors


def test_a_bucket_lets_a_burst_through_and_then_a_rate():
    """Whoever says more is read more slowly, not cut off."""
    bucket = Bucket(per_s=10.0, burst=3)
    assert [bucket.take(0.0) for _ in range(5)] == pytest.approx([0, 0, 0, 0.1, 0.2])
    assert bucket.take(0.5) == 0
    assert bucket.take(100.0) == 0
    assert [bucket.take(100.0) for _ in range(3)] == pytest.approx([0, 0, 0.1]), "no more than a burst is saved"


def test_visitors_leave_however_they_leave():
    """One that ends with an error makes room, too."""
    visitors = Visitors(most=1)
    with pytest.raises(ValueError, match="broken"), visitors.enter():
        raise ValueError("broken")
    with visitors.enter(), pytest.raises(FullError, match="1 viewers are watching"), visitors.enter():
        pass
    with visitors.enter():
        pass


def sent(sources, focus=None, seconds=10.0):
    """Pictures per second of each source, of which a new one comes fifteen times a second."""
    budget, counts = Budget(), dict.fromkeys(sources, 0)
    for step in range(round(seconds * 15)):
        now = step / 15
        fresh = dict.fromkeys(sources, (1, step))
        for source in budget.due(fresh, focus, now):
            budget.sent(source, fresh[source], now)
            counts[source] += 1
    return {source: count / seconds for source, count in counts.items()}


def test_the_only_source_and_the_focused_one_come_each_time():
    """The others share what is left to tiles."""
    assert sent(["a"]) == {"a": 15.0}
    rates = sent(["a", "b", "c", "d", "e", "f"], focus="c")
    assert rates.pop("c") == 15.0
    assert all(4.5 <= rate <= 6.0 for rate in rates.values())


@pytest.mark.parametrize(("count", "least", "most"), [(2, 14.0, 15.0), (6, 4.5, 6.0), (40, 1.8, 2.3)])
def test_tiles_share_thirty_pictures_a_second_and_have_two_each(count, least, most):
    """However many there are."""
    rates = sent([f"cam{number}" for number in range(count)])
    assert all(least <= rate <= most for rate in rates.values()), rates


def test_a_picture_is_sent_once():
    """Until there is another."""
    budget = Budget()
    assert budget.due({"a": (1, 1)}, "a", 0.0) == ["a"]
    budget.sent("a", (1, 1), 0.0)
    assert budget.due({"a": (1, 1)}, "a", 10.0) == []
    budget.forget([])
    assert budget.due({"a": (1, 1)}, "a", 10.0) == ["a"]
