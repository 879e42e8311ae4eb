"""What a row says, and that both sides take turns."""

import pytest

from benchmarks.measure import Row, alternate, milliseconds


def test_both_sides_take_turns_and_warm_ups_do_not_count():
    """A machine that slows down in the middle must meet both sides; the figures are medians of the counted rounds."""
    said = []
    figures = {"ours": iter([90.0, 1.0, 3.0, 2.0]), "reference": iter([90.0, 10.0, 30.0, 20.0])}

    def side(name):
        said.append(name)
        return next(figures[name])

    medians = alternate(lambda: side("ours"), lambda: side("reference"), rounds=3, warm_ups=1)
    assert medians == (2.0, 20.0)
    assert said == ["ours", "reference"] * 4


@pytest.mark.parametrize(
    ("unit", "ours", "reference", "ratio"),
    [
        ("ms", 5.0, 20.0, 4.0),
        ("frames/s", 20.0, 5.0, 4.0),
        ("MB", 20.0, 5.0, 0.25),
        ("% skipped", 0.0, 90.0, None),
        ("ms", 5.0, None, None),
    ],
)
def test_a_ratio_above_one_means_ours_is_better(unit, ours, reference, ratio):
    """Readers compare ratios of times and of rates; both must point the same way."""
    assert Row("name", ours, reference, unit).ratio == ratio


def test_a_row_as_json_has_the_promised_keys():
    """Programs read `--json`."""
    assert Row("classifier/batch-1", 5.0, 20.123456, "ms").as_json() == {
        "name": "classifier/batch-1",
        "ours": 5.0,
        "reference": 20.12,
        "unit": "ms",
        "ratio": 4.025,
    }


def test_milliseconds_measures_the_call_alone():
    """A side's figure is the call's time on the clock given."""
    times = iter([1.0, 1.25])
    called = []
    assert milliseconds(lambda: called.append(1), clock=lambda: next(times))() == 250.0
    assert called == [1]
