"""Clips made of portraits in which the light changes but not the people, or the people but hardly anything else.

The portraits are scikit-image's: faces of Labelled Faces in the Wild, 25 x 25 grey pixels each, and Eileen Collins.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import count

import cv2
import numpy as np
from skimage import data

SIZE = (320, 240)
FPS = 15.0
HEAD = 116
"""Pixels; a portrait is a square of this side."""

Picture = np.ndarray
Place = tuple[float, float]
Lamp = Callable[[Picture, int], Picture]
"""Puts a frame into another light; the number counts the frames since that came on."""
UNSURE = (4, 5, 9, 13, 16, 22, 28, 30, 47, 48, 57, 59, 65, 68, 76, 78, 82, 91, 96)
"""Portraits that the detector does not find with full confidence before every plain wall."""
SEATS: dict[int, list[Place]] = {1: [(130.0, 120.0)], 2: [(80.0, 120.0), (240.0, 120.0)]}
"""Where so many people are."""


@dataclass
class Clip:
    """Frames, when each is shown, and who is where (centres in pixels) in it."""

    name: str
    frames: list[Picture] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    people: list[dict[int, Place]] = field(default_factory=list)

    def show(self, picture: Picture, people: dict[int, Place], step_s: float = 1 / FPS) -> None:
        """Append a frame, `step_s` after the one before."""
        self.times.append(self.times[-1] + step_s if self.times else 0.0)
        self.frames.append(picture)
        self.people.append(people)


class Studio:
    """Composes frames; a `casting` decides who appears, and before what."""

    def __init__(self, casting: int = 0):
        self.dice = np.random.default_rng(casting)
        self._cast = self.dice.permutation(len(portraits())).tolist()
        self._next = count()
        self._grain = self.dice.normal(0, 2, (SIZE[1], SIZE[0], 3)).round().astype(np.int16)

    def somebody(self) -> int:
        """A person who has not appeared yet."""
        return int(self._cast[next(self._next) % len(self._cast)])

    def room(self) -> Picture:
        """A background of soft patches of colour."""
        patches = self.dice.integers(30, 220, (5, 6, 3)).astype(np.uint8)
        return cv2.resize(patches, SIZE, interpolation=cv2.INTER_CUBIC)

    def wall(self) -> Picture:
        """A plain background."""
        return np.full((SIZE[1], SIZE[0], 3), self.dice.integers(60, 200, 3), np.uint8)

    def noisy(self, frame: Picture) -> Picture:
        """A frame as a camera gives it."""
        grain = np.roll(self._grain, self.dice.integers(self._grain.size))
        return cv2.add(frame, grain, dtype=cv2.CV_8U)


@cache
def portraits() -> list[Picture]:
    """Portraits (HEAD, HEAD, 3) uint8 BGR of different people."""
    faces = (data.lfw_subset()[:100] * 255).astype(np.uint8)  # type: ignore[no-untyped-call]  # as below: no types
    sure = [face for number, face in enumerate(faces) if number not in UNSURE]
    large = [cv2.resize(face, (HEAD, HEAD), interpolation=cv2.INTER_CUBIC) for face in sure]
    astronaut = np.ascontiguousarray(data.astronaut()[20:190, 140:310, ::-1])  # type: ignore[no-untyped-call]
    return [cv2.cvtColor(face, cv2.COLOR_GRAY2BGR) for face in large] + [
        cv2.resize(astronaut, (HEAD, HEAD), interpolation=cv2.INTER_AREA)
    ]


@cache
def _edge() -> Picture:
    """(HEAD, HEAD) how much of a portrait covers the background: all but the corners, with soft borders."""
    off = np.linspace(-1, 1, HEAD) ** 4
    return cv2.GaussianBlur((off + off[:, None] < 0.85).astype(np.float32), (0, 0), 2)


def compose(background: Picture, people: dict[int, Place], scale: float = 1.0) -> Picture:
    """People before a background, their heads `scale` times HEAD large."""
    frame = background.copy()
    for person, (x, y) in people.items():
        left, top = int(x - scale * HEAD / 2), int(y - scale * HEAD / 2)
        part = frame[top : top + round(scale * HEAD) + 2, left : left + round(scale * HEAD) + 2]
        to_part = np.array([[scale, 0, x - scale * HEAD / 2 - left], [0, scale, y - scale * HEAD / 2 - top]])
        head, cover = (cv2.warpAffine(one, to_part, part.shape[1::-1]) for one in (portraits()[person], _edge()))
        part += (cover[..., None] * (head.astype(np.float32) - part)).round().astype(np.int16).astype(np.uint8)
    return frame


def sway(places: dict[int, Place], number: int) -> dict[int, Place]:
    """Where people are in a frame who move a little."""
    return {
        person: (x + 4 * np.sin(0.35 * number + person), y + 2 * np.sin(0.5 * number + person))
        for person, (x, y) in places.items()
    }


def changes_of_light(casting: int = 0) -> Iterator[Clip]:
    """Twelve clips of people who stay, in a light that changes."""
    studio = Studio(casting)
    lamps: dict[str, Lamp] = {
        "white flash": lambda frame, k: _lit(frame, 3.0, 160) if k < 2 else frame,
        "black frames": lambda frame, k: _lit(frame, 0.0) if k < 6 else frame,
        "lamp off and on": lambda frame, k: _lit(frame, 0.25) if k < 5 else frame,
        "lamp from one side": lambda frame, _: _from_left(frame),
        "exposure jumps": lambda frame, k: _lit(frame, 3.0) if k < 6 else frame,
        "half a frame lost": lambda frame, k: _half(frame) if k in (0, 3) else frame,
        "strobe": lambda frame, k: _lit(frame, (0.05, 1.7)[k // 2 % 2]),
        "coloured lights": lambda frame, k: _lit(frame, ((1.5, 0.5, 0.4), (0.3, 0.6, 1.6))[k // 3 % 2]),
        "passer-by close to the lens": _passing,
        "television": _television,
    }
    for name, lamp in lamps.items():
        yield _staying(studio, name, 1, lamp)
    yield _staying(studio, "two people, the lamp moves", 2, _from_left_then_right)
    yield _virtual(studio)


def cuts(casting: int = 0) -> Iterator[Clip]:
    """Twelve clips in which somebody takes somebody else's place."""
    studio = Studio(casting + 1000)
    yield _cut(studio, "another person elsewhere", [studio.room(), studio.room()])
    room = studio.room()
    yield _cut(studio, "another person, room turned", [room, np.ascontiguousarray(room[:, ::-1])])
    yield _cut(studio, "another person, plain walls", [studio.wall(), studio.wall()])
    yield _cut(studio, "into the dark", [studio.room(), studio.room()], lamp=lambda frame, _: _lit(frame, 0.3))
    yield _cut(studio, "into grey", [studio.room(), studio.room()], lamp=_grey)
    yield _cut(studio, "through black", [studio.room(), studio.room()], between=0)
    yield _cut(studio, "through white", [studio.room(), studio.room()], between=255)
    yield _cut(studio, "a little closer", [studio.room(), studio.room()], scale=1.2)
    yield _cut(studio, "two others", [studio.room(), studio.room()], people=2)
    yield _cut(studio, "shot and reverse shot", [studio.room(), studio.room()], returns=True)
    yield _portraits(studio, "portraits in a folder", [studio.room() for _ in range(6)])
    yield _portraits(studio, "portraits before one wall", [studio.wall()] * 6)


def _staying(studio: Studio, name: str, people: int, lamp: Lamp) -> Clip:
    """Six frames, then twelve in another light."""
    clip, room = Clip(name), studio.room()
    seats = {studio.somebody(): seat for seat in SEATS[people]}
    for number in range(18):
        places = sway(seats, number)
        frame = compose(room, places)
        clip.show(studio.noisy(lamp(frame, number - 6) if number >= 6 else frame), places)
    return clip


def _virtual(studio: Studio) -> Clip:
    """The background is another picture from one frame to the next, twice."""
    clip, rooms, person = Clip("virtual background"), [studio.room() for _ in range(3)], studio.somebody()
    for number in range(18):
        places = sway({person: SEATS[1][0]}, number)
        clip.show(studio.noisy(compose(rooms[number // 6], places)), places)
    return clip


def _cut(
    studio: Studio,
    name: str,
    rooms: list[Picture],
    *,
    people: int = 1,
    lamp: Lamp | None = None,
    between: int | None = None,
    scale: float = 1.0,
    returns: bool = False,
) -> Clip:
    """Eight frames of some people, then, with three blank frames `between` or none, of others in the same places."""
    clip = Clip(name)
    casts = [{studio.somebody(): seat for seat in SEATS[people]} for _ in rooms]
    for shot in (0, 1, 0) if returns else (0, 1):
        for number in range(8):
            places = sway(casts[shot], number)
            frame = compose(rooms[shot], places, scale if shot else 1.0)
            clip.show(studio.noisy(lamp(frame, number) if lamp and shot else frame), places)
        if between is not None and not shot:
            for _ in range(3):
                clip.show(studio.noisy(np.full_like(rooms[0], between)), {})
    return clip


def _portraits(studio: Studio, name: str, rooms: list[Picture]) -> Clip:
    """Pictures framed alike, a second each."""
    clip = Clip(name)
    for room in rooms:
        places = {studio.somebody(): SEATS[1][0]}
        clip.show(studio.noisy(compose(room, places)), places, step_s=1.0)
    return clip


def _lit(frame: Picture, gain: float | tuple[float, float, float], more: float = 0.0) -> Picture:
    return np.asarray((frame * np.array(gain) + more).clip(0, 255), np.uint8)


def _from_left(frame: Picture) -> Picture:
    """A lamp on the left: each half of a face in the middle is lit unlike the other."""
    x = np.linspace(-1, 1, frame.shape[1])[:, None]
    return np.asarray((frame * (0.3 + 1.5 / (1 + np.exp(8 * x)))).clip(0, 255), np.uint8)


def _from_left_then_right(frame: Picture, number: int) -> Picture:
    return _from_left(frame) if number < 6 else np.ascontiguousarray(_from_left(frame[:, ::-1])[:, ::-1])


def _half(frame: Picture) -> Picture:
    lost = frame.copy()
    lost[len(frame) // 2 :] = (0, 135, 0)
    return lost


def _grey(frame: Picture, _: int) -> Picture:
    return cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)


def _passing(frame: Picture, number: int) -> Picture:
    """Somebody's blurred back moves from left to right within ten frames."""
    cover: Picture = np.zeros(frame.shape[:2], np.float32)
    middle = round((number + 1) / 10 * (frame.shape[1] + 200)) - 100
    cv2.rectangle(cover, (middle - 80, 20), (middle + 80, frame.shape[0]), 1, -1)
    cover = cv2.GaussianBlur(cover, (0, 0), 8)[..., None]
    return np.asarray(frame + cover * (np.array((30, 25, 40)) - frame), np.uint8)


def _television(frame: Picture, number: int) -> Picture:
    """A third of the picture, on the right, shows another photograph every four frames."""
    shows = (data.chelsea, data.coffee, data.rocket)
    photo = shows[number // 4 % 3]()[..., ::-1]  # type: ignore[no-untyped-call]
    left = frame.shape[1] - frame.shape[1] // 3
    watched = frame.copy()
    watched[:, left:] = cv2.resize(photo, (frame.shape[1] - left, frame.shape[0]), interpolation=cv2.INTER_AREA)
    return watched
