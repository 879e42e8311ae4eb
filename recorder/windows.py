"""`windows.csv`: one row per person and window of time."""

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder.finished import Finished, Rows, write_csv
from shared.messages import EMOTIONS

HEADER = (
    "source", "track_id", "start", "end", "frames", "measured", "label", *(f"mean_{label}" for label in EMOTIONS),
)  # fmt: skip
WITH_BASELINE = (*HEADER, *(f"change_{label}" for label in EMOTIONS))
"""The columns where there is a baseline."""
_UNITS_S = {"ms": 0.001, "s": 1.0, "": 1.0, "min": 60.0, "h": 3600.0}
_TIME = r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|)"
_LEAST_S = 0.001
_TICKS = 1_000_000  # a second: `pts` has six decimals, and whole numbers divide exactly


def duration(text: str) -> float:
    """Seconds, from `1s`, `500ms`, `0.5`, `2min` or `1h`; a type for argparse.

    Raises:
        argparse.ArgumentTypeError: it is something else, or less than a millisecond.
    """
    found = re.fullmatch(_TIME, text.strip())
    if not found or float(found[1]) * _UNITS_S[found[2]] < _LEAST_S:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time; write 1s, 500ms, 2min or 1h")
    return float(found[1]) * _UNITS_S[found[2]]


def interval(text: str) -> tuple[float, float]:
    """Start and end in seconds, from `0-10s` or `1min-90s`; a type for argparse. Without a unit it is the end's.

    Raises:
        argparse.ArgumentTypeError: it is something else, or ends before it starts.
    """
    found = re.fullmatch(rf"{_TIME}\s*-\s*{_TIME}", text.strip())
    if found:
        start_s = float(found[1]) * _UNITS_S[found[2] or found[4]]
        end_s = float(found[3]) * _UNITS_S[found[4]]
        if start_s < end_s:
            return start_s, end_s
    raise argparse.ArgumentTypeError(f"{text!r} is no interval of time; write 0-10s")


def write_windows(folder: Path, window_s: float, baseline: tuple[float, float] | None = None) -> Path:
    """Write `windows.csv` into the folder of a finished recording; returns its path.

    Window k holds the frames with k * window_s <= pts < (k + 1) * window_s. A person's row in it has the means of the
    probabilities measured there (empty if there are none), and the label that stood longest (of equals the first in
    EMOTIONS; empty if there is none). Windows in which a person is not seen have no row.

    Args:
        folder: the recording's.
        window_s: length of a window in seconds, at least a millisecond.
        baseline: start and end, in seconds of media time, of the interval whose means are each person's baseline. Adds
            the difference of each mean to it; empty for who was not measured there.

    Raises:
        UnfinishedError: there is no finished recording.
        ValueError: the window is shorter than a millisecond.
    """
    if window_s < _LEAST_S:
        raise ValueError(f"a window of {window_s} s; at least 1 ms is needed")
    recording = Finished(folder)
    rows = _table(recording, round(window_s * _TICKS), None if baseline is None else _baselines(recording, *baseline))
    return write_csv(folder / "windows.csv", WITH_BASELINE if baseline else HEADER, rows)


def _baselines(recording: Finished, start_s: float, end_s: float) -> dict[int, NDArray[np.float64]]:
    """Each person's mean probabilities (7,) over the measurements with start_s <= pts < end_s."""
    totals: dict[int, NDArray[np.float64]] = {}
    counts: dict[int, int] = {}
    for rows in recording.tracked():
        inside = rows.pick(rows.classified & (rows.pts >= start_s) & (rows.pts < end_s))
        for track_id in np.unique(inside.track_id).tolist():
            raw = inside.raw[inside.track_id == track_id].astype(np.float64)
            totals[track_id] = totals.get(track_id, 0.0) + raw.sum(axis=0)
            counts[track_id] = counts.get(track_id, 0) + len(raw)
        if len(rows) and rows.pts[0] >= end_s:
            break
    return {track_id: total / counts[track_id] for track_id, total in totals.items()}


def _table(recording: Finished, ticks: int, baselines: dict[int, NDArray[np.float64]] | None) -> Iterator[list[object]]:
    for rows in _by_windows(recording.tracked(), ticks):
        number = _window(rows, ticks)
        order = np.lexsort((rows.track_id, number))
        rows, number = rows.pick(order), number[order]
        first = np.flatnonzero(np.append(True, (np.diff(number) != 0) | (np.diff(rows.track_id) != 0)))
        for one, other in zip(first, np.append(first[1:], len(number)), strict=True):
            mine, track_id, start = rows.pick(slice(one, other)), int(rows.track_id[one]), int(number[one]) * ticks
            raw = mine.raw[mine.classified].astype(np.float64)
            means = raw.mean(axis=0) if len(raw) else None
            cells = [recording.source, track_id, start / _TICKS, (start + ticks) / _TICKS, len(mine), len(raw)]
            cells += [_label(mine), *_cells(means)]
            if baselines is not None:
                own = baselines.get(track_id)
                cells += _cells(None if means is None or own is None else means - own)
            yield cells


def _label(rows: Rows) -> str | None:
    """The label that stands longest in one person's rows."""
    known = rows.label >= 0
    stands = np.bincount(rows.label[known], (rows.until - rows.pts)[known], minlength=len(EMOTIONS))
    return EMOTIONS[int(stands.round(6).argmax())] if known.any() else None


def _cells(values: NDArray[np.float64] | None) -> list[object]:
    return [None] * len(EMOTIONS) if values is None else values.tolist()


def _by_windows(batches: Iterable[Rows], ticks: int) -> Iterator[Rows]:
    """The same rows, cut between windows instead of between batches."""
    held: Rows | None = None
    for rows in batches:
        if not len(rows):
            continue
        if held is not None:
            rows = held.then(rows)
        number = _window(rows, ticks)
        open_from = int(np.searchsorted(number, number[-1]))
        if open_from:
            yield rows.pick(slice(open_from))
        held = rows.pick(slice(open_from, None))
    if held is not None:
        yield held


def _window(rows: Rows, ticks: int) -> NDArray[np.int64]:
    return np.rint(rows.pts * _TICKS).astype(np.int64) // ticks
