"""`people.csv`: which track ids are one person's, from a finished recording and its film."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder.film import check, frames
from recorder.finished import PEOPLE, Finished, Rows, write_csv
from recorder.likeness import Look, look
from recorder.merging import Box, Seen, merge
from recorder.survey import shows_side

HEADER = ("person", "track_id", "first_pts", "last_pts", "joined_to", "gap_s", "look", "colours", "place_kept")
VIEWS = 8
"""Of each id so many frames are looked at, evenly spread over those that show it well."""
_SURE, _LEAST_PX = 0.95, 24.0


def write_people(folder: Path, film: Path) -> Path:
    """Find out which ids are one person's, and write `people.csv` into the recording's folder; returns its path.

    From then on `Finished` reads that folder by person.

    Raises:
        UnfinishedError: there is no finished recording.
        SourceError: the film cannot be read, or is not the one that was recorded.
    """
    (folder / PEOPLE).unlink(missing_ok=True)
    recording = Finished(folder)
    check(recording, film)
    tracks = _seen(recording, film)
    return write_csv(folder / PEOPLE, HEADER, _rows(tracks))


def _rows(tracks: list[Seen]) -> Iterator[list[object]]:
    by_id = {one.track_id: one for one in tracks}
    for track_id, (person, joint) in merge(tracks).items():
        row: list[object] = [person, track_id, by_id[track_id].first_pts, by_id[track_id].last_pts]
        if joint is not None:
            other = joint.earlier if joint.later == track_id else joint.later
            row += [other, joint.gap_s, joint.look, joint.colours, int(joint.place)]
        yield row + [None] * (len(HEADER) - len(row))


def _seen(recording: Finished, film: Path) -> list[Seen]:
    """What is known of each id; the film is read up to the last frame that is needed."""
    first, last, good = _spans(recording)
    places = _places(recording, good)
    looks: dict[int, list[Look]] = {track_id: [] for track_id in first}
    for frame in frames(film) if places else ():
        for track_id, landmarks in places.pop(frame.index, ()):
            looks[track_id].append(look(frame.image, landmarks))
        if not places:
            break
    return [
        Seen(
            *(track_id, first[track_id][0], last[track_id][0], first[track_id][1], last[track_id][1]),
            thumbnails=[one.thumbnail for one in looks[track_id]],
            colours=np.array([one.colours for one in looks[track_id]]),
        )
        for track_id in sorted(first)
    ]


_Spans = dict[int, tuple[float, Box]]


def _spans(recording: Finished) -> tuple[_Spans, _Spans, Counter[int]]:
    """By id the time and the box of the first and of the last row, and how many rows show the face well."""
    first: _Spans = {}
    last: _Spans = {}
    good: Counter[int] = Counter()
    for rows in recording.tracked():
        good.update(rows.track_id[is_good(rows)].tolist())
        for track_id in np.unique(rows.track_id).tolist():
            mine = np.flatnonzero(rows.track_id == track_id)
            first.setdefault(track_id, _place(rows, mine[0]))
            last[track_id] = _place(rows, mine[-1])
    return first, last, good


def _places(recording: Finished, good: Counter[int]) -> dict[int, list[tuple[int, NDArray[np.float32]]]]:
    """By frame, whose faces are to be looked at there, and their landmarks."""
    wanted = {track_id: set(np.linspace(0, count - 1, VIEWS).astype(int).tolist()) for track_id, count in good.items()}
    places: dict[int, list[tuple[int, NDArray[np.float32]]]] = {}
    number: Counter[int] = Counter()
    for rows in recording.tracked():
        for row in np.flatnonzero(is_good(rows)).tolist():
            track_id = int(rows.track_id[row])
            if number[track_id] in wanted[track_id]:
                places.setdefault(int(rows.seq[row]), []).append((track_id, rows.landmarks[row]))
            number[track_id] += 1
    return places


def is_good(rows: Rows) -> NDArray[np.bool_]:
    """Which rows show their face well enough to tell whose it is: surely found, not tiny, not from the side."""
    good: NDArray[np.bool_] = (rows.confidence >= _SURE) & (rows.side >= _LEAST_PX) & ~shows_side(rows.landmarks)
    return good


def _place(rows: Rows, row: int) -> tuple[float, Box]:
    x1, y1, x2, y2 = rows.xyxy[row].tolist()
    return float(rows.pts[row]), (x1, y1, x2, y2)
