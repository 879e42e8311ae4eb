"""`subtitles.srt`: who shows which label, one line a person, as subtitles that any player lays over the film."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from recorder.episodes import Coding, codings
from recorder.finished import Finished
from shared.files import replacing


class Cue(NamedTuple):
    """One subtitle: whole milliseconds of media time, and a line for each person."""

    start_ms: int
    end_ms: int
    lines: tuple[str, ...]


def write_subtitles(folder: Path) -> Path:
    """Write `subtitles.srt` into the folder of a finished recording; returns its path.

    Raises:
        UnfinishedError: there is no finished recording.
    """
    path = folder / "subtitles.srt"
    found = cues(codings(Finished(folder)))
    blocks = (
        f"{number}\n{_time(cue.start_ms)} --> {_time(cue.end_ms)}\n" + "\n".join(cue.lines) + "\n\n"
        for number, cue in enumerate(found, 1)
    )
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(blocks)
    return path


def cues(found: Iterable[Coding]) -> Iterator[Cue]:
    """A cue for every stretch of time in which the same people show the same labels, in order."""
    changes: dict[int, list[tuple[bool, Coding]]] = defaultdict(list)
    for coding in found:
        changes[coding.start_ms].append((True, coding))
        changes[coding.end_ms].append((False, coding))
    shown: dict[int, str] = {}
    for start_ms, end_ms in pairwise(sorted(changes)):
        for begins, coding in sorted(changes[start_ms]):  # ends come first
            if begins:
                shown[coding.track_id] = f"{coding.track_id} {coding.label}"
            else:
                del shown[coding.track_id]
        if shown:
            yield Cue(start_ms, end_ms, tuple(shown[track_id] for track_id in sorted(shown)))


def _time(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02},{ms:03}"
