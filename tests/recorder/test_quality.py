"""What a report warns of."""

import numpy as np

from recorder.finished import Finished
from recorder.quality import Finding, findings
from recorder.survey import roll, shows_side, survey
from recorder.tracks import people
from tests.recorder.finished import face, probs, recording, times

SAD = probs(sad=1.0)
LARGE = (0.0, 0.0, 60.0, 60.0)


def found(folder, size=(640, 480), seen_s=None, warnings=()) -> dict[str, Finding]:
    ours = Finished(folder)
    seen_s = ours.frames.seconds if seen_s is None else seen_s
    return {
        one.title: one for one in findings(ours.frames, size, people(ours), survey(ours, 4), seen_s, list(warnings))
    }


def clear(seq, track_id=1, **how):
    """A large, upright face that looks ahead."""
    nose = {"nose_x": 30.0, "nose_y": 30.0}
    return face(seq, track_id, "sad", SAD, **{"box": LARGE, **nose, **how})


def test_nothing_stands_out(tmp_path) -> None:
    """Large upright faces in every frame of a large film."""
    assert found(recording(tmp_path, times(20), [clear(seq) for seq in range(20)])) == {}


def test_small_rolled_and_turned_faces(tmp_path) -> None:
    """Each kind names whom it concerns, with the share of the measurements."""
    faces = [clear(seq) for seq in range(20)]
    small = {"box": (0.0, 0.0, 20.0, 20.0), "nose_x": 10.0}
    faces += [clear(seq, 2, **(small if seq < 5 else {})) for seq in range(20)]
    faces += [clear(seq, 3, eye_right_y=60.0, nose_y=40.0) for seq in range(20)]
    faces += [clear(seq, 4, nose_x=54.0) for seq in range(20)]
    said = found(recording(tmp_path, times(20), faces))
    assert set(said) == {"Small faces", "Rolled heads", "Turned heads"}
    assert "(person 2: 25 %)" in said["Small faces"].text
    assert "(person 3: 100 %)" in said["Rolled heads"].text
    assert "(person 4: 100 %)" in said["Turned heads"].text


def test_faults_of_the_film(tmp_path) -> None:
    """Few pixels, frames given up, a hole in time, an empty picture, and what the recorder said."""
    pts = [*times(20), 8.0, 8.1]
    folder = recording(tmp_path, pts, [clear(seq) for seq in range(20)], given_up=[3, 4])
    said = found(folder, (320, 200), seen_s=2.0, warnings=["film.mp4: is damaged"])
    assert set(said) == {"Low resolution", "Gaps", "Gaps in time", "Nobody seen", "Said while recording"}
    assert said["Gaps"].text.startswith("2 of 22 frames were given up")
    assert "the longest gap is 6.1 s" in said["Gaps in time"].text
    assert "For 6.2 of 8.2 s (76 %)" in said["Nobody seen"].text
    assert not said["Nobody seen"].matters


def test_people_of_whom_little_is_known(tmp_path) -> None:
    """Few measurements, and brief appearances among several people."""
    faces = [clear(seq) for seq in range(20)] + [clear(seq, 2) for seq in range(3)]
    said = found(recording(tmp_path, times(20), faces))
    assert said["Few measurements"].text.startswith("One person has fewer than 10")
    assert said["Brief appearances"].text.startswith("1 of 2 were")


def test_the_angle_of_the_eyes() -> None:
    """Clockwise as seen in the picture, where y points down."""
    eyes = [[(0, 0), (10, 0)], [(0, 0), (10, 10)], [(0, 10), (10, 0)]]
    landmarks = np.array([[*pair, (5, 5), (0, 0), (0, 0)] for pair in eyes], np.float32)
    assert roll(landmarks).round(3).tolist() == [0.0, 45.0, -45.0]


def test_a_nose_beyond_an_eye_is_a_side_view() -> None:
    """Along the line between the eyes, whatever its angle; eyes in one point say nothing good."""
    noses = [(5, 5), (1, 5), (9, 5), (12, 5)]
    landmarks = np.array([[(0, 0), (10, 0), nose, (0, 0), (0, 0)] for nose in noses], np.float32)
    assert shows_side(landmarks).tolist() == [False, True, True, True]
    assert shows_side(np.zeros((1, 5, 2), np.float32)).tolist() == [True]


def test_faces_that_could_not_be_read(tmp_path) -> None:
    """Of measurements alone, in all by reason, and of each person what was most often the reason."""
    faces = [clear(seq, reason="too dark" if seq < 8 else None) for seq in range(20)]
    faces += [clear(seq, 2, reason="blurred" if seq < 3 else "covered" if seq < 5 else None) for seq in range(20)]
    faces += [clear(seq, 3, reason="blurred" if seq < 2 else None) for seq in range(20)]
    faces += [face(seq, 4, box=LARGE, nose_x=30.0, nose_y=30.0, reason="blurred") for seq in range(20)]
    said = found(recording(tmp_path, times(20), faces))["Faces that could not be read"]
    assert said.text.startswith("15 of 60 measurements have no label, since the face could not be read: ")
    assert (
        "8 too dark, 5 blurred, 2 covered (most of them person 1: 40 %, too dark; person 2: 25 %, blurred)" in said.text
    )
    assert said.matters


def test_joined_ids_are_told(tmp_path) -> None:
    """And who comes back is a new person only where they were not."""
    ours = Finished(recording(tmp_path, times(20), [clear(seq) for seq in range(20)] + [clear(0, 2)]))
    everybody, portraits = people(ours), survey(ours, 4)
    texts = {
        joined: {one.title: one.text for one in findings(ours.frames, None, everybody, portraits, 2.0, [], joined)}
        for joined in (None, 0, 3)
    }
    assert "a cut is a new person" in texts[None]["Brief appearances"]
    assert "does not look alike is a new person" in texts[0]["Brief appearances"]
    assert [joined for joined, said in texts.items() if "Joined ids" in said] == [3]
