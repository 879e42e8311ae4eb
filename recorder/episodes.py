"""Episodes: a person's labels as intervals of media time, which subtitles, codings and shares of time are made of."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from recorder.finished import Finished, Rows
from shared.messages import EMOTIONS

HIDDEN_S = 1.5
"""A face out of sight for up to this long is hidden, not gone: it keeps its id (smoother/tracking.py), and here its
label."""


class Episode(NamedTuple):
    """A person in the picture under one label.

    Attributes:
        track_id: whose.
        label: one of EMOTIONS; None before the person's first.
        start_s: media time in seconds.
        end_s: media time in seconds, after `start_s`.
    """

    track_id: int
    label: str | None
    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


def episodes(recording: Finished) -> list[Episode]:
    """All episodes, sorted by start, then by person; those of one person never overlap.

    A label holds until the person's next one, or until the face has been out of sight for more than HIDDEN_S: then
    until it went out of sight.
    """
    runs = (run for rows in recording.tracked() for run in _runs(rows))
    return sorted(_joined(runs), key=lambda episode: (episode.start_s, episode.track_id))


class Coding(NamedTuple):
    """An episode with a label, in whole milliseconds, as subtitles and programs for coding have it."""

    track_id: int
    label: str
    start_ms: int
    end_ms: int


def codings(recording: Finished) -> list[Coding]:
    """The episodes that have a label and last a millisecond, in the same order."""
    found = (
        Coding(one.track_id, one.label, round(one.start_s * 1000), round(one.end_s * 1000))
        for one in episodes(recording)
        if one.label
    )
    return [coding for coding in found if coding.start_ms < coding.end_ms]


def _runs(rows: Rows) -> Iterator[Episode]:
    """Rows of one batch in a row with one person and label and without a long gap; person by person."""
    rows = rows.pick(np.argsort(rows.track_id, kind="stable"))
    if not len(rows):
        return
    begins = np.ones(len(rows), bool)
    begins[1:] = (
        (np.diff(rows.track_id) != 0) | (np.diff(rows.label) != 0) | (rows.pts[1:] - rows.until[:-1] > HIDDEN_S)
    )
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(begins)) - 1
    for one, other in zip(first, last, strict=True):
        label = EMOTIONS[rows.label[one]] if rows.label[one] >= 0 else None
        yield Episode(int(rows.track_id[one]), label, float(rows.pts[one]), float(rows.until[other]))


def _joined(runs: Iterable[Episode]) -> Iterator[Episode]:
    """Runs, each person's in order, with short gaps closed and neighbours of one label joined."""
    still_open: dict[int, Episode] = {}
    for run in runs:
        before = still_open.get(run.track_id)
        if before is not None and run.start_s - before.end_s <= HIDDEN_S:
            if before.label == run.label:
                still_open[run.track_id] = before._replace(end_s=run.end_s)
                continue
            before = before._replace(end_s=run.start_s)
        if before is not None:
            yield before
        still_open[run.track_id] = run
    yield from still_open.values()
