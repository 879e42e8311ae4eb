"""The supervisor's rules, without processes (those are in tests/processes)."""

from pathlib import Path

from shared.supervisor import MODULES, Crashes


def test_back_off_doubles_and_gives_up_at_the_fifth_crash_in_a_minute():
    """A stage that crashes at once is not restarted in a tight loop, nor for ever."""
    crashes = Crashes()
    assert [crashes.happened(float(second)) for second in range(5)] == [0.25, 0.5, 1.0, 2.0, None]


def test_crashes_long_ago_are_forgiven():
    """A stage that crashes once an hour is restarted at once, every time."""
    crashes = Crashes()
    assert {crashes.happened(3600.0 * hour) for hour in range(20)} == {0.25}


def test_after_giving_up_the_count_starts_anew():
    """A worker that is tried again every minute gets a fair try."""
    crashes = Crashes()
    for second in range(5):
        last = crashes.happened(float(second))
    assert last is None
    assert crashes.happened(65.0) == 0.25


def test_the_procfile_starts_every_stage():
    """Procfile and supervisor know the same stages."""
    lines = (Path(__file__).resolve().parents[2] / "Procfile").read_text().splitlines()
    assert {line.split(":")[0]: line.split()[-1] for line in lines} == {stage: stage for stage in MODULES}
