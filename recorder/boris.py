"""`observation.boris`: a BORIS project with one observation, each person a subject, each label a state event.

The format is that of projects saved by BORIS (project format 7.0), which BORIS opens, or imports observations from.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from recorder.episodes import Coding, codings
from recorder.film import has_sound
from recorder.finished import Finished
from recorder.readable import readable
from shared.files import replacing
from shared.messages import EMOTIONS

_FORMAT = "7.0"
_PLAYER = "1"


def write_boris(folder: Path, film: Path) -> Path:
    """Write `observation.boris` into the folder of a finished recording; returns its path.

    An episode is a pair of events: the label starts, the label stops. Times are seconds of the film.

    Raises:
        UnfinishedError: there is no finished recording.
    """
    recording = Finished(folder)
    found = codings(recording)
    path = folder / "observation.boris"
    project: dict[str, object] = {
        "time_format": "hh:mm:ss",
        "project_date": recording.run["started"][:19],
        "project_name": readable(film.stem),
        "project_description": "Labels that a model gave to faces, not what anybody feels",
        "project_format_version": _FORMAT,
        "subjects_conf": _subjects(found),
        "behaviors_conf": _ethogram(),
        "observations": {readable(film.stem).strip(): _observation(recording, film.absolute(), found)},
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    with replacing(path) as part:
        part.write_text(json.dumps(project, indent=1), encoding="ascii")
    return path


def _subjects(found: Sequence[Coding]) -> dict[str, dict[str, str]]:
    people = sorted({coding.track_id for coding in found})
    return {
        str(number): {"key": "", "name": _name(track_id), "description": ""} for number, track_id in enumerate(people)
    }


def _ethogram() -> dict[str, dict[str, object]]:
    """The labels as state events, on the keys 1 to 7."""
    nothing: dict[str, object] = {"category": "", "modifiers": {}, "excluded": "", "coding map": ""}
    return {
        str(number): {"type": "State event", "key": str(number + 1), "code": label, "description": "", **nothing}
        for number, label in enumerate(EMOTIONS)
    }


def _observation(recording: Finished, film: Path, found: Sequence[Coding]) -> dict[str, object]:
    """The one observation: a film in the first player, and the events, sorted by time."""
    name, frames = readable(str(film)), recording.frames
    stops = [(coding.end_ms, False, coding) for coding in found]
    starts = [(coding.start_ms, True, coding) for coding in found]
    return {
        "type": "MEDIA",
        "date": recording.run["started"][:19],
        "description": "",
        "time offset": 0.0,
        "observation time interval": [0, 0],
        "independent_variables": {},
        "close_behaviors_between_videos": False,
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "file": {player: [name] if player == _PLAYER else [] for player in map(str, range(1, 9))},
        "media_info": {
            "length": {name: frames.seconds},
            "fps": {name: len(frames.pts) / frames.seconds if len(frames.pts) else 0.0},
            "hasVideo": {name: True},
            "hasAudio": {name: has_sound(film)},
            "offset": {_PLAYER: 0.0},
        },
        "events": [
            [ms / 1000, _name(coding.track_id), coding.label, "", "", "NA"] for ms, _, coding in sorted(stops + starts)
        ],
    }


def _name(track_id: int) -> str:
    return f"person {track_id}"
