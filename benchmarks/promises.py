"""The figures this project promises on two cores, and which rows of a run miss theirs."""

from collections.abc import Iterable
from fnmatch import fnmatch
from typing import NamedTuple

from benchmarks.measure import Row


class Promise(NamedTuple):
    """Rows of these names: `what` of them (a row's `ratio`, or `ours`) is at `least` or at `most` so much."""

    names: str
    what: str
    least: float = float("-inf")
    most: float = float("inf")

    def __str__(self) -> str:
        unit = "x" if self.what == "ratio" else ""
        return f"at least {self.least:g}{unit}" if self.least > float("-inf") else f"at most {self.most:g}{unit}"


PROMISES = (
    Promise("detector/*/full", "ratio", least=5),
    Promise("detector/*/hints", "ratio", least=12),
    Promise("detector/*/recall", "ours", least=0.99),
    Promise("detector/*/precision", "ours", least=0.99),
    Promise("detector/*/bare-*", "ours", least=0.99),
    Promise("detector/*/marked-*", "ratio", least=1),
    Promise("detector/*/hints-recall", "ours", least=0.98),
    Promise("classifier/batch-*", "ratio", least=5),
    Promise("classifier/emotion-net-*", "ratio", least=1),
    Promise("classifier/emotion-lite-*", "ratio", least=1),
    Promise("classifier/*same-label", "ours", least=0.995),
    Promise("classifier/*/apart", "ours", most=0.02),
    Promise("transport/720p", "ours", most=2.5),
    Promise("pipeline/*", "ratio", least=6),
    Promise("recorder/*/annotated", "ratio", least=0.71),
    Promise("recorder/*/rate", "ratio", least=6),
    Promise("recorder/*/writing", "ratio", least=0.95),
    Promise("recorder/next-film", "ours", most=0.5),
    Promise("recorder/silence", "ours", most=0.5),
    Promise("recorder/memory/*", "ratio", least=0.95),
    Promise("live/720p30/p50", "ours", most=35),
    Promise("live/720p30/p95", "ours", most=70),
    Promise("live/720p30/skipped", "ours", most=0),
    Promise("live/1080p25/p95", "ours", most=150),
    Promise("workers/[0-9]*", "ratio", least=0.9),
    Promise("workers/slow-sibling", "ratio", least=0.85),
    Promise("overload/*/rate", "ratio", least=0.8),
    Promise("overload/*/age", "ratio", least=1),
    Promise("overload/*/fairness", "ours", least=0.7),
    Promise("overload/*/growth", "ours", most=50),
    Promise("overload/*/restarts", "ours", most=0),
    Promise("overload/busy/faces", "ours", least=0.5),
    Promise("viewers/*/rate", "ratio", least=0.9),
    Promise("startup/first-result", "ours", most=5),
)


def summary(rows: Iterable[Row]) -> str:
    """How many of the promised figures among these rows are reached, and a line for each that is not."""
    judged = [(row, promise) for row in rows for promise in PROMISES if fnmatch(row.name, promise.names)]
    missed = [(row, promise) for row, promise in judged if not _is_kept(row, promise)]
    lines = [f"{len(judged) - len(missed)} of {len(judged)} promised figures reached" + (", missed:" if missed else "")]
    return "\n".join(lines + [f"{row}  ({promise})" for row, promise in missed])


def _is_kept(row: Row, promise: Promise) -> bool:
    value = row.ratio if promise.what == "ratio" else row.ours
    return value is not None and promise.least <= value <= promise.most
