"""dashboard/veil.py, darkroom.py and privacy.py: no face can be recognised, and each picture is made once."""

import asyncio

import cv2
import msgspec
import numpy as np
import pytest

from dashboard import darkroom
from dashboard.darkroom import Darkroom
from dashboard.privacy import stricter
from dashboard.source import Picture
from dashboard.state import State
from dashboard.veil import CELLS, veiled
from tests.dashboard.made import face, preview, result, source_status, status

FACE = (80.0, 60.0, 144.0, 124.0)


def noise(width=320, height=240):
    """A picture of fine detail everywhere, as a JPEG."""
    image = np.random.default_rng(1).integers(0, 2, (height, width, 1)).repeat(3, axis=2).astype(np.uint8) * 255
    return cv2.imencode(".jpg", image)[1].tobytes()


def detail(jpeg, box):
    """The mean difference of neighbouring pixels in a part of a picture."""
    x1, y1, x2, y2 = (int(edge) for edge in box)
    part = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)[y1:y2, x1:x2].astype(float)
    return np.abs(np.diff(part, axis=1)).mean()


def test_a_face_is_a_few_smooth_cells_and_the_rest_is_as_it_was():
    """Its box enlarged by more than a third of itself; nothing finer than the cells is left in it."""
    jpeg = noise()
    shown = veiled(jpeg, 320, [FACE])
    enlarged = (FACE[0] - 12, FACE[1] - 12, FACE[2] + 12, FACE[3] + 12)
    assert detail(jpeg, enlarged) > 50
    assert detail(shown, enlarged) < 3
    assert detail(shown, (200, 0, 320, 240)) > 50
    assert CELLS <= 8


def test_boxes_are_those_of_the_frame_and_the_picture_is_smaller():
    """They are scaled with it."""
    assert detail(veiled(noise(160, 120), 320, [FACE]), [edge / 2 for edge in FACE]) < 5


@pytest.mark.parametrize("box", [(-50.0, -50.0, 500.0, 500.0), (400.0, 10.0, 450.0, 60.0), (5.0, 5.0, 5.0, 5.0)])
def test_any_box_can_be_veiled(box):
    """Beyond the edges, outside, or empty."""
    jpeg = veiled(noise(), 320, [box])
    assert jpeg is not None
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (240, 320, 3)


def test_what_is_no_picture_is_not_shown():
    """Rather nothing than what cannot be checked."""
    assert [veiled(jpeg, 320, []) for jpeg in (b"no jpeg", b"", noise()[:100])] == [None] * 3


def test_the_stricter_of_two_levels():
    """A viewer may ask for less than it may see, and not for more."""
    assert [stricter("shown", "blurred"), stricter("none", "shown"), stricter("blurred", "blurred")] == [
        "blurred",
        "none",
        "blurred",
    ]


def developed(allowed, level, picture, times=1):
    async def run():
        room = Darkroom(allowed)
        return await asyncio.gather(*(room.develop("cam0", picture, level) for _ in range(times)))

    return asyncio.run(run())


def test_only_what_is_allowed_is_developed():
    """Whatever is asked for, a whole picture leaves only where that is allowed."""
    picture = Picture(noise(), result(1), [FACE])
    assert developed("shown", "shown", picture) == [picture.jpeg]
    assert developed("none", "shown", picture) == [None]
    assert developed("shown", "none", picture) == [None]
    (blurred,) = developed("blurred", "shown", picture)
    assert detail(blurred, FACE) < 3


def test_a_picture_whose_faces_are_unknown_is_not_blurred_but_kept():
    """Its frame was given up, or has not been searched whole since."""
    assert developed("blurred", "shown", Picture(noise(), result(1))) == [None]


def test_a_picture_is_made_once_for_all_viewers(monkeypatch):
    """However many want it at the same time."""
    made = []

    def veil(*picture):
        made.append(picture)
        return b"veiled"

    monkeypatch.setattr(darkroom, "veiled", veil)
    assert developed("shown", "blurred", Picture(b"jpeg", result(1), [FACE]), times=20) == [b"veiled"] * 20
    assert made == [(b"jpeg", 320, [FACE])]


def heard(*messages):
    state = State()
    state.hear(status("capture", sources=[source_status(scan_s=0.25)]), 0.0)
    for message in messages:
        state.hear(message, message.pts)
    return state


def veilable(state, now):
    picture = state.snapshot(now).veilable.get("cam0")
    return picture and (picture.result.seq, picture.faces)


def test_a_picture_waits_until_a_new_face_in_it_would_be_known():
    """Whoever comes in is found when the whole frame is searched, and is blurred in the frames before, too."""
    newcomer = face(track_id=None, xyxy=FACE)
    state = heard(*[preview(seq) for seq in range(4)], result(0), result(1))
    assert veilable(state, 0.1) is None
    state.hear(result(2), 0.2)
    state.hear(result(3, faces=(newcomer,)), 0.3)
    assert veilable(state, 0.3) == (0, [])
    assert veilable(state, 1.0) == (3, [FACE]), "nothing newer has come"
    state = heard(preview(1), result(1), result(2), result(3, faces=(newcomer,)), result(4))
    assert veilable(state, 0.4) == (1, [FACE])


def test_a_face_that_is_missed_for_a_moment_stays_blurred():
    """It is listed before and after, and was there."""
    known = face(xyxy=FACE)
    state = heard(result(0, faces=(known,)), preview(3), result(3), result(6))
    assert veilable(state, 0.6) == (3, [FACE])
    state = heard(result(0, faces=(known,)), preview(30), result(30), result(60))
    assert veilable(state, 6.0) == (30, []), "that was three seconds ago"


def test_faces_that_are_forgotten_are_not_taken_for_none():
    """A picture with no newer one, while results go on, as of a source whose pictures have ceased."""
    state = heard(preview(20), *[result(seq, faces=(face(xyxy=FACE),)) for seq in range(21)])
    for number in range(2000):
        state.hear(result(21 + number), 3.0)
        assert veilable(state, 3.0) in (None, (20, [FACE] * 11))


def test_a_film_of_many_frames_a_second_is_blurred_as_any_other():
    """All of the second before counts."""
    state = State()
    state.hear(status("capture", sources=[source_status(scan_s=1.0)]), 0.0)
    state.hear(preview(240), 0.0)
    for seq in range(481):
        state.hear(msgspec.structs.replace(result(seq, faces=(face(xyxy=FACE),)), pts=seq / 240), 0.0)
    assert veilable(state, 0.0) == (240, [FACE] * 481)


def test_where_more_faces_were_found_than_are_listed_the_whole_picture_is_blurred():
    """Nobody knows where the others are."""
    crowd = msgspec.structs.replace(result(1, faces=(face(xyxy=FACE),)), left_out=3)
    state = heard(preview(1), crowd, result(4))
    assert veilable(state, 0.4) == (1, [(0.0, 0.0, 320.0, 240.0)])
