"""Stories of synthetic faces: who gets an id, who keeps it, who must not."""

import numpy as np
import pytest

from smoother.tracking import Tracks, track

FPS = 30
SCENE, OTHER_SCENE = np.random.default_rng(1).integers(0, 200, (2, 192)).tolist()


def face(x, y=200.0, height=100.0):
    """A face's box around a centre."""
    return (x - 0.4 * height, y - 0.5 * height, x + 0.4 * height, y + 0.5 * height)


def play(film, state=None, fps=FPS, start=0.0):
    """Track a film, a list of frames of boxes or (box, confidence); give each frame's ids and the state.

    An id of 0 is a listed face without one, None a box that is not listed.
    """
    state = Tracks() if state is None else state
    ids = []
    for count, boxes in enumerate(film):
        seen = [box if len(box) == 2 else (box, 0.99) for box in boxes]
        state, assigned = track(state, [box for box, _ in seen], [c for _, c in seen], start + count / fps)
        ids.append([None if index is None else state.tracks[index].track_id or 0 for index in assigned])
    return ids, state


def frames(seconds, fps=FPS):
    """That many seconds as a range of frames."""
    return range(round(seconds * fps))


def test_ids_count_from_one_in_order_of_confirmation():
    """A face gets its id on its third frame; faces of one frame from left to right."""
    ids, _ = play([[face(700)], [face(700)], *[[face(700), face(500), face(300)]] * 4])
    assert ids == [[0], [0], [1, 0, 0], [1, 0, 0], [1, 3, 2], [1, 3, 2]]


def test_a_one_frame_false_alarm_gets_no_id():
    """Neither alone nor again and again at changing places; and no id is used up by it."""
    flicker = [[face(300), face(900 + 300 * (n % 3), 800)] if n % 2 else [face(300)] for n in frames(2)]
    ids, state = play(flicker)
    assert {row[1] for row in ids if len(row) > 1} == {0}
    assert ids[-1][0] == 1
    assert state.next_id == 2


def test_a_new_face_survives_frames_that_were_not_searched_for_it():
    """Between two scans only known faces are looked for; a face that misses a scan is a false alarm."""
    state = Tracks()
    film = [([face(300)], True), ([], False), ([], False), ([face(302)], False), ([face(303)], False)]
    for count, (boxes, scanned) in enumerate(film):
        state, _ = track(state, boxes, [0.99] * len(boxes), count / FPS, scanned=scanned)
    assert [one.track_id for one in state.tracks] == [1]
    state = Tracks()
    for count, (boxes, scanned) in enumerate([([face(300)], True), ([], False), ([], True), ([], False)]):
        state, _ = track(state, boxes, [0.99] * len(boxes), count / FPS, scanned=scanned)
    assert state.tracks == ()


def test_a_single_image_lists_its_faces_without_ids():
    """One look is enough to be listed, not to be someone."""
    ids, _ = play([[face(300), face(600)]])
    assert ids == [[0, 0]]


@pytest.mark.parametrize("fps", [1, 2, 5])
def test_two_looks_confirm_at_low_rates(fps):
    """A source of a few frames a second need not wait for three of them."""
    ids, _ = play([[face(300)]] * 4, fps=fps)
    assert ids == [[0], [1], [1], [1]]


@pytest.mark.parametrize("hidden_s", [0.1, 0.5, 0.9, 1.0, 1.3])
def test_a_hidden_face_keeps_its_id_and_is_not_listed(hidden_s):
    """A hand before the face for about a second changes nobody."""
    ids, _ = play([[face(300)]] * 10 + [[]] * (round(hidden_s * FPS) - 1) + [[face(310)]])
    assert ids[-2] == []
    assert ids[-1] == [1]


def test_a_walker_behind_a_pillar_keeps_the_id():
    """Hidden for 0.7 s at two face heights a second, she comes out where she was heading."""
    walk = [[face(200 + 200 * n / FPS)] for n in frames(2.5)]
    walk[30:51] = [[]] * 21
    ids, _ = play(walk)
    assert ids[51:] == [[1]] * len(ids[51:])


def test_a_face_hidden_for_long_is_somebody_new():
    """After three seconds nobody can tell from a box that it is the same person."""
    ids, _ = play([[face(300)]] * 10 + [[]] * 90 + [[face(300)]] * 3)
    assert ids[-3:] == [[0], [0], [2]]


@pytest.mark.parametrize("gap_s", [0.2, 1.0])
def test_a_live_gap_is_time_not_frames(gap_s):
    """Dropped frames count by `pts`: a short gap keeps ids, a walker is met where time has led her."""
    _, state = play([[face(200 + 4 * n), face(900)] for n in range(30)])
    ids, _ = play([[face(316 + 60 * gap_s), face(900)]], state, start=29 / FPS + gap_s)
    assert ids == [[1, 2]]


def test_after_a_long_gap_all_are_new():
    """When nothing was seen for three seconds ids are not guessed."""
    _, state = play([[face(300)]] * 10)
    ids, _ = play([[face(300)]] * 3, state, start=10 / FPS + 3)
    assert ids == [[0], [0], [2]]


@pytest.mark.parametrize("fps", [10, 25, 60])
@pytest.mark.parametrize("apart", [0, 60])
def test_crossing_faces_keep_their_ids(fps, apart):
    """Two people pass each other, at one height or one a little behind the other."""
    film = [[face(200 + 200 * n / fps), face(800 - 200 * n / fps, 200 + apart)] for n in frames(3, fps)]
    ids, _ = play(film, fps=fps)
    assert ids[5] == ids[-1] == [1, 2]


def test_the_one_in_front_does_not_take_the_hidden_ones_id():
    """While one hides the other, only one box is there; afterwards both have their ids again."""
    film = [[face(200 + 200 * n / FPS), face(500, 190, 80)] for n in frames(3)]
    for boxes in film:
        if abs(boxes[0][0] - boxes[1][0]) < 70:
            del boxes[1]
    ids, _ = play(film)
    assert [1] in ids
    assert ids[-1] == ids[10] == [1, 2]


def test_low_confidence_keeps_but_never_starts():
    """Doubtful boxes carry a face through a bad second and on; alone they are nobody and not listed."""
    doubtful = [[(face(300), 0.6), (face(900), 0.9)]]
    ids, _ = play([[face(300)]] * 5 + doubtful * 90 + [[face(300)]])
    assert ids[5:95] == [[1, None]] * 90
    assert ids[-1] == [1]


def test_low_confidence_does_not_confirm():
    """One good look and doubtful ones after it are not enough for an id."""
    ids, state = play([[face(300)]] + [[(face(300), 0.7)]] * 30)
    assert {row[0] for row in ids} == {0}
    assert state.next_id == 1


def test_a_good_box_is_preferred_to_a_doubtful_one():
    """Of two boxes near a face the confident one is the face, though the other lies closer."""
    ids, _ = play([[face(300)]] * 5 + [[(face(300), 0.8), (face(315), 0.99)]])
    assert ids[-1] == [None, 1]


def test_doubtful_boxes_do_not_lead_a_face_astray():
    """A doubtful box beside a hidden face is not it; one about where the face was expected is."""
    hidden = [[face(300)]] * 10 + [[]] * 10
    assert play([*hidden, [(face(360), 0.8)]])[0][-1] == [None]
    assert play([*hidden, [(face(315), 0.8)]])[0][-1] == [1]


def test_a_newcomer_is_not_taken_for_a_hidden_face():
    """Somebody two heights away from where a face vanished, or of twice its size, is somebody else."""
    hidden = [[face(300)]] * 10 + [[]] * 25
    assert play([*hidden, [face(480)]])[0][-1] == [0]
    assert play([*hidden, [face(300, 200, 200)]])[0][-1] == [0]
    assert play([*hidden, [face(340, 200, 120)]])[0][-1] == [1]


def test_a_good_match_is_not_given_up_for_two_poor_ones():
    """Who comes back where she was keeps her id, though moving everybody over by one would find all a box."""
    ids, _ = play([[face(300), face(400)]] * 10 + [[]] * 15 + [[face(185), face(300)]])
    assert ids[-1] == [0, 1]


def test_a_cut_passes_no_id_on():
    """After a hard cut even a face at the very same place is somebody else, seen as such from its first frame."""
    state = Tracks()
    ids = []
    for count, scene in enumerate([SCENE] * 5 + [OTHER_SCENE] * 5):
        state, assigned = track(state, [face(300)], [0.99], count / FPS, scene)
        ids.append(state.tracks[assigned[0]].track_id)
    assert ids == [None, None, 1, 1, 1, None, None, 2, 2, 2]


def test_another_size_is_a_cut():
    """Where the frame's size changes, no id survives, however alike the pictures; an unknown size is no change."""
    state = Tracks()
    ids = []
    for count, size in enumerate([(640, 360)] * 4 + [None, (640, 360)] + [(360, 640)] * 4):
        state, assigned = track(state, [face(300)], [0.99], count / FPS, SCENE, size=size)
        ids.append(state.tracks[assigned[0]].track_id)
    assert ids == [None, None, 1, 1, 1, 1, None, None, 2, 2]


def test_a_cut_behind_an_unknown_picture_is_a_cut():
    """A frame without a signature does not make the tracker forget the scene before it."""
    state = Tracks()
    for count, scene in enumerate((SCENE, SCENE, SCENE, [], OTHER_SCENE)):
        state, assigned = track(state, [face(300)], [0.99], count / FPS, scene)
    assert state.tracks[assigned[0]].track_id is None


def test_without_signatures_a_jump_is_somebody_else():
    """Where pictures are unknown, another place or another size is another person."""
    for elsewhere in (face(430), face(300, 200, 190), face(300, 200, 50)):
        ids, _ = play([[face(300)]] * 10 + [[elsewhere]] * 3)
        assert ids[-3:] == [[0], [0], [2]]


def test_two_boxes_on_one_face_are_one_face():
    """A second box inside or around a face starts nothing, neither at first sight nor later."""
    ids, state = play([[face(300), face(305, 205, 70)]] * 10)
    assert ids[-1] == [1, None]
    assert len(state.tracks) == 1


def test_identical_boxes_are_one_face():
    """Exact duplicates do not become two."""
    ids, _ = play([[face(300)] * 3] * 5)
    assert sorted(row is None for row in ids[-1]) == [False, True, True]


def test_faces_cheek_to_cheek_are_two():
    """Touching, overlapping faces both get ids."""
    ids, _ = play([[face(300), face(350)]] * 5)
    assert ids[-1] == [1, 2]


def test_a_growing_face_is_followed():
    """Somebody who comes close, doubling in a second, stays the same."""
    ids, _ = play([[face(300 + n, 200, 60 * 2 ** (n / FPS))] for n in frames(2)])
    assert ids[-1] == [1]


def test_unsteady_boxes_are_followed():
    """Detection noise of a tenth of the face and frames at irregular times split no track."""
    rng = np.random.default_rng(3)
    state, pts, seen = Tracks(), 0.0, set()
    for _ in range(300):
        pts += float(rng.choice([0.01, 0.033, 0.1, 0.3]))
        state, assigned = track(state, np.array([face(300), face(600)]) + rng.normal(0, 5, (2, 4)), [0.99] * 2, pts)
        seen.add(tuple(state.tracks[index].track_id for index in assigned))
    assert seen == {(None, None), (1, 2)}


def test_frames_without_faces_are_fine():
    """Nothing in, nothing out, for ever; and nothing is left of an unconfirmed face."""
    ids, state = play([[], [face(300)], [], [], []])
    assert ids[2:] == [[], [], []]
    assert state.tracks == ()
