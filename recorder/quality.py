"""What makes a recording's figures less reliable, in sentences. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from recorder.episodes import HIDDEN_S
from recorder.finished import Frames
from recorder.schema import REASONS
from recorder.survey import ROLLED_DEG, SMALL_PX, Portrait
from recorder.tracks import Person

_MANY = 0.1
_NAMED = 5
_LOW_PX = 240
_LONG_GAP_S = 1.0
_FEW = 10
_BRIEF_S = 1.0


class Finding(NamedTuple):
    """Something to know. `matters`: figures are less reliable for it; otherwise it is for your information."""

    title: str
    text: str
    matters: bool = True


def findings(
    frames: Frames,
    size: Sequence[int] | None,
    people: Sequence[Person],
    portraits: Mapping[int, Portrait],
    seen_s: float,
    warnings: Sequence[str],
    joined: int | None = None,
) -> list[Finding]:
    """All that stands out.

    Args:
        frames: the recording's.
        size: width and height of the film in pixels, if known.
        people: everybody.
        portraits: by `track_id`.
        seen_s: for how long somebody was in the picture, in seconds.
        warnings: what the recorder said.
        joined: how many ids were joined with others; None: nobody asked for it.
    """
    found = [*_of_film(frames, size, seen_s), *_of_faces(people, portraits), *_of_reasons(people, portraits)]
    found += _of_people(people, joined)
    found += [Finding("Said while recording", warning) for warning in warnings]
    return sorted(found, key=lambda finding: not finding.matters)


def _of_film(frames: Frames, size: Sequence[int] | None, seen_s: float) -> Iterator[Finding]:
    if size and min(size) < _LOW_PX:
        text = f"The film is {size[0]} × {size[1]} pixels, so faces are small unless they fill it."
        yield Finding("Low resolution", text)
    lost = int((~frames.complete).sum())
    if lost:
        text = (
            f"{lost} of {len(frames.pts)} frames were given up before they were looked at. Nobody in them is not known."
        )
        yield Finding("Gaps", text)
    steps = np.diff(frames.pts)
    jumps = steps[steps > max(_LONG_GAP_S, 10 * float(np.median(steps)))] if len(steps) else steps
    if len(jumps):
        text = f"{len(jumps)} times no frame came for more than a second; the longest gap is {jumps.max():.1f} s."
        yield Finding("Gaps in time", text)
    if frames.left_out.any():
        text = (
            f"In {int((frames.left_out > 0).sum())} frames there were more faces than are followed "
            f"(AFFECT_MAX_FACES); up to {int(frames.left_out.max())} were left out."
        )
        yield Finding("More faces than are followed", text)
    empty_s = frames.seconds - seen_s
    if len(frames.pts) and empty_s > _MANY * frames.seconds:
        share = empty_s / frames.seconds
        text = f"For {empty_s:.1f} of {frames.seconds:.1f} s ({100 * share:.0f} %) no person was in the picture."
        yield Finding("Nobody seen", text, matters=False)


def _of_faces(people: Sequence[Person], portraits: Mapping[int, Portrait]) -> Iterator[Finding]:
    """Small, rolled and turned faces, by person where they are many."""
    kinds = (
        ("Small faces", "small", f"smaller than {SMALL_PX} pixels, the size of the network's input"),
        (
            "Rolled heads",
            "rolled",
            f"rolled by more than {ROLLED_DEG:.0f}°; they are turned upright before, imperfectly",
        ),
        ("Turned heads", "turned", "turned to the side, where the network knows few faces"),
    )
    for title, name, what in kinds:
        shares = {
            person.track_id: getattr(portraits[person.track_id], name) / person.measured
            for person in people
            if person.measured
        }
        most = sorted((-share, track_id) for track_id, share in shares.items() if share > _MANY)
        if most:
            named = ", ".join(f"person {track_id}: {-100 * share:.0f} %" for share, track_id in most[:_NAMED])
            more = f" and {len(most) - _NAMED} more people" if len(most) > _NAMED else ""
            yield Finding(title, f"Many measurements are of faces {what} ({named}{more}).")


def _of_reasons(people: Sequence[Person], portraits: Mapping[int, Portrait]) -> Iterator[Finding]:
    """Measurements without a label, by person where they are many, and by reason."""
    counts = {person.track_id: portraits[person.track_id].reasons for person in people}
    shares = {one.track_id: int(counts[one.track_id].sum()) / one.measured for one in people if one.measured}
    most = sorted((-share, track_id) for track_id, share in shares.items() if share > _MANY)
    if not most:
        return
    total = sum(counts.values(), start=np.zeros(len(REASONS), np.int64))
    kinds = ", ".join(f"{total[kind]} {REASONS[kind]}" for kind in np.argsort(-total, kind="stable") if total[kind])
    who = (f"person {track_id}: {-100 * share:.0f} %, {REASONS[counts[track_id].argmax()]}" for share, track_id in most)
    named = "; ".join(islice(who, _NAMED))
    text = (
        f"{total.sum()} of {sum(person.measured for person in people)} measurements have no label, since the face "
        f"could not be read: {kinds} (most of them {named}). Their probabilities count all the same."
    )
    yield Finding("Faces that could not be read", text)


def _of_people(people: Sequence[Person], joined: int | None) -> Iterator[Finding]:
    few = [person.track_id for person in people if person.measured < _FEW]
    if few:
        who = "One person has" if len(few) == 1 else f"{len(few)} people have"
        text = f"{who} fewer than {_FEW} measurements; their means and shares say little."
        yield Finding("Few measurements", text)
    brief = sum(person.seconds < _BRIEF_S for person in people)
    if brief and len(people) > 1:
        comes_back = "is" if joined is None else "and does not look alike is"
        text = (
            f"{brief} of {len(people)} were in the picture for less than {_BRIEF_S:.0f} s. Who comes back after more "
            f"than {HIDDEN_S} s or a cut {comes_back} a new person: there may be fewer people than numbers."
        )
        yield Finding("Brief appearances", text, matters=False)
    if joined:
        text = f"{joined} ids were joined with others whose faces and colours are alike; people.csv says which and why."
        yield Finding("Joined ids", text, matters=False)
