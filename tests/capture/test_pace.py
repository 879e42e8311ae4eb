"""How many frames come, how many are analysed: over the last seconds, by the clock that is given."""

import pytest

from capture.pace import Pace


def paced(read, done, seconds, start=0.0, pace=None):
    """A source that gives `read` frames a second, of which `done` are analysed."""
    pace = pace or Pace()
    for tick in range(int(10 * seconds) + 1):
        pace.pass_time(start + tick / 10)
        pace.read(read // 10)
        if tick % max(1, round(10 / done)) == 0:
            pace.analysed(80.0 + tick)
    return pace


def test_rates_and_share():
    """Thirty frames come each second, five of them are analysed."""
    pace = paced(30, 5, 10)
    assert pace.per_second() == (pytest.approx(30, rel=0.1), pytest.approx(5, rel=0.1))
    assert pace.share(3.0) == pytest.approx(5 / 30, rel=0.15)


def test_what_was_long_ago_does_not_count():
    """Five seconds after all has become well, all is well."""
    pace = paced(30, 1, 10)
    paced(30, 10, 6, start=10.1, pace=pace)
    assert pace.share(3.0) == pytest.approx(1 / 3, rel=0.15)
    assert pace.per_second()[1] == pytest.approx(10, rel=0.15)


def test_what_is_under_way_is_not_missed():
    """Of a few frames a second one or two always are; and of very few nothing can be told."""
    slow = Pace()
    for second in range(20):
        slow.pass_time(second / 2)
        slow.read(2)
        if second:
            slow.analysed(80.0)
            slow.analysed(80.0)
    assert slow.share(3.0, under_way=2) == 1.0
    assert slow.share(1.0, under_way=2) is None


def test_nothing_comes():
    """No frame, no rate, no share, no age."""
    pace = Pace()
    assert pace.per_second() == (0.0, 0.0)
    assert pace.share(3.0) is None
    assert pace.age_ms() is None
    for second in range(9):
        pace.pass_time(float(second))
    assert pace.share(3.0) is None


def test_it_stays_small():
    """An hour costs no memory."""
    pace = paced(30, 10, 3600)
    assert len(pace._noted) < 15
    assert len(pace._ages_ms) == 30
