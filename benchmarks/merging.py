"""How well track ids are joined into people: python -m benchmarks.merging --clips FOLDER --recordings FOLDER.

Recordings are those of the clips, made by `python -m recorder`. Each id is cut into pieces of 1.5 s, one in 4 s, as if
its person had come back as often; all clips are taken as one film. And the clips of `light`, castings of which people
leave and come back. A piece is wrong if its person is joined with more pieces of somebody else.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.identity import nearest
from benchmarks.light import Clip, changes_of_light, cuts
from benchmarks.tracking import build_detector, observe
from detector.mtcnn import Detector
from recorder.film import frames
from recorder.finished import Finished
from recorder.likeness import Look, look
from recorder.merging import Box, Seen, merge
from recorder.persons import VIEWS, is_good
from smoother.tracking import Tracks, track

PIECE_S, EVERY_S = 1.5, 4.0
ONE_PERSON = {
    "face_recognition_short_hamilton:4": "face_recognition_short_hamilton:2",
    "face_recognition_short_hamilton:3": "face_recognition_short_hamilton:1",
    "facenet_pytorch_video:9": "facenet_pytorch_video:3",
    "pyfeat_noface_face:1": "pyfeat_single_face:1",
    "pyfeat_face_noface:1": "pyfeat_single_face:1",
}
"""Ids that are one person's, by eye."""

View = tuple[int, float, Box, np.ndarray]
"""A frame that shows somebody: its number and time, and where the face and its landmarks are."""
Sighting = tuple[float, Box, Look]


def pieces(folder: Path, film: Path, from_s: float) -> Iterator[tuple[str, list[Sighting]]]:
    """Each piece of a recording: whose it is, and where and how up to VIEWS of its frames show the person."""
    views: dict[int, list[View]] = defaultdict(list)
    for rows in Finished(folder).tracked():
        good = rows.pick(is_good(rows))
        for row, track_id in enumerate(good.track_id.tolist()):
            place = good.seq[row], from_s + good.pts[row], tuple(good.xyxy[row].tolist()), good.landmarks[row]
            views[track_id].append(place)
    chosen = {(track_id, begin): _spread(piece) for track_id, seen in views.items() for begin, piece in _cut(seen)}
    wanted = {seq for piece in chosen.values() for seq, *_ in piece}
    images = {frame.index: frame.image for frame in (frames(film) if wanted else ()) if frame.index in wanted}
    for (track_id, _), piece in chosen.items():
        name = f"{folder.name}:{track_id}"
        yield ONE_PERSON.get(name, name), [(pts, box, look(images[seq], points)) for seq, pts, box, points in piece]


def _cut(seen: Sequence[View]) -> Iterator[tuple[int, list[View]]]:
    """One in EVERY_S; of somebody there for less, the beginning and the end; of a short stay the whole."""
    start, end = seen[0][1], seen[-1][1]
    count = max(int((end - start + EVERY_S - PIECE_S) // EVERY_S), 2)
    length = min(PIECE_S, (end - start) / 4)
    begins = [start] if end - start < PIECE_S else np.linspace(start, end - length, count)
    for number, begin in enumerate(begins):
        yield number, [one for one in seen if len(begins) == 1 or begin <= one[1] <= begin + length]


def _spread(found: Sequence[Any]) -> list[Any]:
    return [found[index] for index in sorted(set(np.linspace(0, len(found) - 1, VIEWS).astype(int).tolist()))]


def casting(clip: Clip, detector: Detector, from_s: float) -> Iterator[tuple[str, list[Sighting]]]:
    """The ids of a made clip, likewise."""
    state = Tracks()
    whose: dict[int, Counter[int | None]] = defaultdict(Counter)
    seen: dict[int, list[Sighting]] = defaultdict(list)
    for image, pts, people in zip(clip.frames, clip.times, clip.people, strict=True):
        there = observe(image, pts, detector)
        found = there.detections
        state, assigned = track(state, found.xyxy, found.confidence, pts, there.signature, thumbnails=there.thumbnails)
        for xyxy, points, index in zip(found.xyxy, found.landmarks, assigned, strict=True):
            track_id = state.tracks[index].track_id if index is not None else None
            if track_id is not None:
                whose[track_id][nearest(xyxy, people)] += 1
                seen[track_id].append((from_s + pts, tuple(xyxy.tolist()), look(image, points)))
    for track_id, one in seen.items():
        yield str(whose[track_id].most_common(1)[0][0]), one


def judge(name: str, found: Iterable[tuple[str, list[Sighting]]]) -> None:
    """Join what was found in a film, and print a row of the table."""
    named = list(found)
    tracks = [_seen(number, seen) for number, (_, seen) in enumerate(named, 1)]
    groups: dict[int, Counter[str]] = defaultdict(Counter)
    for track_id, (person, _) in merge(tracks).items():
        groups[person][named[track_id - 1][0]] += 1
    wrong = sum(group.total() - max(group.values()) for group in groups.values())
    people = len({who for who, _ in named})
    print(f"| {name} | {len(named)} | {people} | {len(named) - len(groups)} of {len(named) - people} | {wrong} |")


def _seen(track_id: int, seen: Sequence[Sighting]) -> Seen:
    looks = [one for *_, one in _spread(seen)]
    colours = np.array([one.colours for one in looks])
    return Seen(track_id, seen[0][0], seen[-1][0], seen[0][1], seen[-1][1], [one.thumbnail for one in looks], colours)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True, help="folder with the clips")
    parser.add_argument("--recordings", type=Path, required=True, help="folder with their recordings")
    parser.add_argument("--castings", type=int, default=4, help="castings of the made clips")
    options = parser.parse_args()
    print("| film | ids | people | joined | wrong |\n|---|---|---|---|---|")
    films = sorted(path for path in options.clips.iterdir() if (options.recordings / path.stem / "run.json").exists())
    found = [
        piece for at, film in enumerate(films) for piece in pieces(options.recordings / film.stem, film, at * 1000.0)
    ]
    judge("all clips", found)
    detector = build_detector()
    for kind in (changes_of_light, cuts):
        made = [clip for number in range(options.castings) for clip in kind(number)]
        judge(kind.__name__, [one for at, clip in enumerate(made) for one in casting(clip, detector, at * 1000.0)])


if __name__ == "__main__":
    main()
