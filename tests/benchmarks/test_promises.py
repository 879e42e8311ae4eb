"""Which promised figures a run reached."""

import pytest

from benchmarks.measure import Row
from benchmarks.promises import summary


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        (Row("detector/a_clip/full", 20.0, 100.0, "ms"), True),
        (Row("detector/a_clip/full", 20.0, 99.0, "ms"), False),
        (Row("detector/a_clip/hints-recall", 0.979, 1.0, "share"), False),
        (Row("live/720p30/p95", 70.0, 10.0, "ms"), True),
        (Row("live/720p30/p95", 70.1, 1000.0, "ms"), False),
        (Row("live/720p30/skipped", 0.0, 90.0, "% skipped"), True),
        (Row("live/720p30/skipped", 0.1, 90.0, "% skipped"), False),
        (Row("workers/16", 290.0, 310.0, "crops/s"), True),
        (Row("pipeline/a_clip", 60.0, None, "frames/s"), False),
    ],
)
def test_a_row_is_held_to_its_promise(row, kept):
    """A user sees at the end what this machine does not reach, with what was promised."""
    text = summary([row])
    assert text.startswith(f"{int(kept)} of 1 promised figures reached")
    assert (row.name in text) is not kept


def test_rows_without_a_promise_are_not_counted():
    """Most rows only inform."""
    assert summary([Row("memory/all", 1000.0, 900.0, "MB")]) == "0 of 0 promised figures reached"
