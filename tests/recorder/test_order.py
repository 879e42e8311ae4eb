"""Results come repeated, late and with gaps; rows must not."""

from random import Random

from recorder.order import InOrder
from tests.recorder.made import film, result


def pushed(order, results):
    return [one.seq for each in results for one in order.push(each)]


def test_every_result_once_and_in_order():
    """Whatever order they come in, and however often."""
    results = film(20) * 3
    Random(1).shuffle(results)
    assert pushed(InOrder(), results) == list(range(20))


def test_one_that_is_missing_is_waited_for():
    """It is repeated until it is acknowledged."""
    order = InOrder()
    assert pushed(order, [result(0), result(2), result(3)]) == [0]
    assert pushed(order, [result(1)]) == [1, 2, 3]
    assert order.lost == 0


def test_one_that_is_acknowledged_never_comes_again():
    """Live, the smoother's result acknowledges; what this listener has missed is gone."""
    order = InOrder()
    assert pushed(order, [result(0), result(2, acked=0), result(3, acked=1)]) == [0, 2, 3]
    assert order.lost == 1


def test_it_begins_where_others_have_acknowledged():
    """A recorder that comes later misses nothing that is still to be acknowledged."""
    order = InOrder()
    assert pushed(order, [result(12, acked=9), result(11, acked=9)]) == []
    assert pushed(order, [result(10, acked=9)]) == [10, 11, 12]
    assert order.lost == 0


def test_frames_skipped_by_a_live_source_are_no_gap():
    """`prev` names the frame sent before."""
    assert pushed(InOrder(), [result(0), result(5, prev=0), result(6)]) == [0, 5, 6]


def test_it_goes_on_behind_the_last():
    """As after a resume."""
    assert pushed(InOrder(3), [result(2), result(3), result(4)]) == [4]
