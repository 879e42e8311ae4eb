"""Who keeps an id where the scene's colours change: told by place and looks together."""

import numpy as np
import pytest

from smoother.tracking import Tracks, track
from tests.shared.test_looks import ANNA, BERT, bytes_of, person
from tests.smoother.test_tracking import FPS, OTHER_SCENE, SCENE, face

LIT = bytes_of(ANNA / 3 + 85 + np.linspace(-100, 100, 16))
"""Anna with a lamp on one side."""
ANNA, BERT, CARL = bytes_of(ANNA), bytes_of(BERT), bytes_of(person(3))
HERE = face(300)


def mixed(one, two, share):
    """A thumbnail between two."""
    first, second = (np.frombuffer(look, np.uint8).astype(float) for look in (one, two))
    return bytes_of(share * first + (1 - share) * second)


def play(film, step_s=1 / FPS, state=None):
    """Ids frame by frame; a film of (scene, [(box, thumbnail)])."""
    state, ids = state or Tracks(), []
    for count, (scene, faces) in enumerate(film):
        boxes, thumbnails = [box for box, _ in faces], [look for _, look in faces]
        state, assigned = track(state, boxes, [0.99] * len(boxes), count * step_s, scene, thumbnails=thumbnails)
        ids.append([None if index is None else state.tracks[index].track_id for index in assigned])
    return ids


def test_a_lamp_changes_nobody():
    """The colours jump and the face is lit from one side, but it is where it was and its details are the same."""
    ids = play([(SCENE, [(HERE, ANNA)])] * 4 + [(OTHER_SCENE, [(HERE, LIT)])] * 4)
    assert ids[2:] == [[1]] * 6


def test_a_cut_to_somebody_else_does():
    """At the very same place, and at whatever place: the looks are another's."""
    ids = play([(SCENE, [(HERE, ANNA)])] * 4 + [(OTHER_SCENE, [(HERE, BERT)])] * 4)
    assert ids[2:] == [[1], [1], [None], [None], [2], [2]]


@pytest.mark.parametrize("blank", [1, 10, 40])
def test_a_flash_without_faces_keeps_everybody(blank):
    """Up to the time for which a hidden face is remembered; then the scene is back."""
    ids = play([(SCENE, [(HERE, ANNA)])] * 4 + [([255] * 192, [])] * blank + [(SCENE, [(HERE, ANNA)])] * 2)
    assert ids[-2:] == [[1], [1]]


def test_a_cut_through_black_passes_no_id_on():
    """Neither to another scene nor to somebody else in the same one."""
    for scene in (SCENE, OTHER_SCENE):
        ids = play([(SCENE, [(HERE, ANNA)])] * 4 + [([0] * 192, [])] * 3 + [(scene, [(HERE, BERT)])] * 3)
        assert ids[-3:] == [[None], [None], [2]]


def test_a_strobe_returns_to_the_same_id():
    """Where the dark frames show a face too poorly to be known, it is known again in the light."""
    dark = (OTHER_SCENE, [(HERE, CARL)])
    ids = play(([(SCENE, [(HERE, ANNA)])] * 4 + [dark] * 2) * 4)
    assert {row[0] for row in ids} == {None, 1}
    assert ids[-3] == [1]


def test_portraits_a_second_apart_are_different_people():
    """Framed alike, with hardly another background; who stays is known by looks."""
    assert play([(SCENE, [(HERE, look)]) for look in (ANNA, BERT, CARL) * 2], step_s=1.0) == [[None]] * 6
    assert play([(SCENE, [(HERE, ANNA)])] * 3, step_s=1.0)[1:] == [[1], [1]]


def test_somebody_else_without_a_jump():
    """Within a scene a face that looks quite different is somebody else, too, whose track is not taken back."""
    ids = play([(SCENE, [(HERE, ANNA)])] * 4 + [(SCENE, [(HERE, BERT)])] * 4)
    assert ids[2:] == [[1], [1], [None], [None], [2], [2]]


def test_a_hidden_face_comes_back_at_its_place_whatever_it_looks_like():
    """Turned away meanwhile, in one scene: as place and time say."""
    ids = play([(SCENE, [(HERE, ANNA)])] * 4 + [(SCENE, [])] * 10 + [(SCENE, [(HERE, BERT)])])
    assert ids[-1] == [1]


def test_one_sure_face_vouches_for_the_others():
    """Where one of two looks quite the same behind a jump, a faint likeness is enough for the other."""
    pair, after = [(HERE, ANNA), (face(700), BERT)], [(HERE, ANNA), (face(700), mixed(BERT, CARL, 0.3))]
    both = play([(SCENE, pair)] * 4 + [(OTHER_SCENE, after)])
    alone = play([(SCENE, pair[1:])] * 4 + [(OTHER_SCENE, after[1:])])
    assert both[-1] == [1, 2]
    assert alone[-1] == [None]


def test_a_moment_half_covered_is_not_how_a_face_looks():
    """Somebody passes before the lens: the face is last seen half covered, and is known again by its usual look."""
    half = mixed(ANNA, CARL, 0.4)
    film = [(SCENE, [(HERE, ANNA)])] * 4 + [(SCENE, [(HERE, half)])] + [(OTHER_SCENE, [])] * 3
    assert play([*film, (SCENE, [(HERE, ANNA)])])[-1] == [1]
