"""dashboard/credits.py: two frames on the way, each until its result or for a second."""

import pytest

from dashboard.credits import Back, Credits, TooFastError


@pytest.fixture
def credits_():
    return Credits()


def test_a_result_gives_its_credit_back(credits_):
    """It is recognised by the time at which the frame was taken in."""
    credits_.take(7, 100, 0.0)
    assert credits_.answered(99) == []
    assert credits_.answered(100) == [Back(7, True, 1)]
    assert credits_.answered(100) == []


def test_two_frames_are_on_the_way_at_most(credits_):
    """Lag cannot build up."""
    credits_.take(1, 100, 0.0)
    credits_.take(2, 101, 0.0)
    with pytest.raises(TooFastError, match="2 frames on the way"):
        credits_.take(3, 102, 0.1)
    credits_.answered(100)
    credits_.take(3, 102, 0.1)


def test_a_newer_result_gives_older_credits_back_too(credits_):
    """The capture skips a frame when a newer one is there."""
    credits_.take(1, 100, 0.0)
    credits_.take(2, 101, 0.1)
    assert credits_.answered(101) == [Back(1, False, 1), Back(2, True, 1)]


def test_a_lost_frame_gives_its_credit_back_after_a_second(credits_):
    """A late result is still shown, and gives nothing more."""
    credits_.take(1, 100, 0.0)
    credits_.take(2, 101, 0.5)
    assert credits_.overdue(0.9) == []
    assert credits_.overdue(1.0) == [Back(1, False, 1)]
    assert credits_.answered(100) == [Back(1, True, 0)]
    assert credits_.overdue(1.6) == [Back(2, False, 1)]


def test_sixty_frames_a_second_are_enough(credits_):
    """A page that sends without end is told to stop."""
    for number in range(60):
        credits_.take(number, number, number / 100)
        credits_.answered(number)
    with pytest.raises(TooFastError, match="60 frames per second"):
        credits_.take(60, 60, 0.99)
    credits_.take(60, 60, 1.01)
