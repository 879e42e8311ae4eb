"""From a recording and its film to the people in it."""

import csv

import cv2
import numpy as np
import pytest

from recorder.annotate import iter_faces
from recorder.derived import derive
from recorder.finished import PEOPLE, Finished, UnfinishedError
from recorder.likeness import look
from recorder.persons import write_people
from recorder.schema import LANDMARKS
from recorder.tracks import people
from shared.looks import details
from tests.capture.films import film
from tests.recorder.finished import face, probs, recording, times
from tests.recorder.test_derived import parsed
from tests.shared.test_looks import person

POINTS = np.array([(-12, -12), (12, -12), (0, 0), (-12, 12), (12, 12)], np.float32)
WALL, OTHER_WALL = (60, 90, 120), (200, 80, 40)


def shot(who, wall=WALL, tilt=0.0, at=(100, 80)):
    """(160, 200, 3) BGR: somebody before a wall, the head tilted clockwise by so many degrees."""
    image = np.full((160, 200, 3), wall, np.uint8)
    picture = cv2.resize(person(who).clip(0, 255).astype(np.uint8), (88, 88), interpolation=cv2.INTER_CUBIC)
    turn = cv2.getRotationMatrix2D((44, 44), -tilt, 1.0)
    turn[:, 2] += np.array(at) - 44
    cover = cv2.warpAffine(np.full((88, 88), 1.0, np.float32), turn, (200, 160))[..., None]
    head = cv2.warpAffine(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), turn, (200, 160))
    return np.asarray(head * cover + image * (1 - cover)).round().astype(np.uint8)


def points(tilt=0.0, at=(100, 80)):
    angle = np.radians(tilt)
    return (POINTS @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) + at).astype(
        np.float32
    )


def row(seq, track_id, **more):
    """A face in the middle, well seen, and measured."""
    named = zip(LANDMARKS, points().tolist(), strict=True)
    marks = {f"{name}_{axis}": value for name, point in named for axis, value in zip("xy", point, strict=True)}
    return face(seq, track_id, "sad", probs(sad=1.0), **{"box": (70.0, 45.0, 130.0, 115.0), **marks, **more})


@pytest.fixture
def clip(tmp_path):
    """Three shots of three frames: somebody, somebody else, and the first one again."""
    return film(tmp_path / "film.mp4", images=[shot(who) for who in (1, 1, 1, 2, 2, 2, 1, 1, 1)])


@pytest.fixture
def folder(tmp_path):
    rows = [row(seq, 1 + seq // 3) for seq in range(9)] + [row(8, None)]
    return recording(tmp_path / "out", times(9), rows)


def test_who_comes_back_is_the_same_person(folder, clip) -> None:
    """The table says which ids and why; from then on all is read by person, and the rows keep their ids."""
    before = (folder / "faces.parquet").read_bytes()
    assert write_people(folder, clip) == folder / PEOPLE
    with (folder / PEOPLE).open() as file:
        rows = list(csv.DictReader(file))
    assert [(one["person"], one["track_id"], one["joined_to"]) for one in rows] == [
        ("1", "1", ""), ("2", "2", ""), ("1", "3", "1")
    ]  # fmt: skip
    assert float(rows[2]["look"]) > 0.9
    assert float(rows[2]["gap_s"]) == pytest.approx(0.4)
    assert [(one.track_id, one.frames) for one in people(Finished(folder))] == [(1, 6), (2, 3)]
    assert {one.track_id for one in iter_faces(Finished(folder))} == {1, 2, -1}
    assert (folder / "faces.parquet").read_bytes() == before
    again = (folder / PEOPLE).read_bytes()
    write_people(folder, clip)
    assert (folder / PEOPLE).read_bytes() == again


def test_only_who_asks_gets_it(folder, clip) -> None:
    """By option; then before all that is told by person."""
    assert PEOPLE not in [path.name for path in derive(folder, clip, parsed())]
    made = [path.name for path in derive(folder, clip, parsed("--merge-ids", "--no-images"))]
    assert made == [PEOPLE, "tracks.csv", "report.html"]
    assert [line.split(",")[1] for line in (folder / "tracks.csv").read_text().splitlines()] == ["track_id", "1", "2"]


def test_faces_that_were_not_seen_well_are_not_compared(tmp_path, clip) -> None:
    """Doubtful, tiny, or from the side: each keeps its number."""
    for how in ({"confidence": 0.9}, {"box": (95.0, 75.0, 105.0, 85.0)}, {"nose_x": 113.0}):
        rows = [row(seq, 1 + seq // 3, **(how if seq > 5 else {})) for seq in range(9)]
        with (write_people(recording(tmp_path / "out", times(9), rows), clip)).open() as file:
            assert [one["person"] for one in csv.DictReader(file)] == ["1", "2", "3"]


def test_a_look_is_the_upright_face_and_the_colours_around() -> None:
    """A tilted head looks the same; another wall has other colours."""
    straight, tilted = look(shot(1), points()), look(shot(1, tilt=20.0), points(20.0))
    assert details([straight.thumbnail], [tilted.thumbnail])[0] > 0.9
    assert straight.colours @ tilted.colours > 0.95
    assert straight.colours @ straight.colours == pytest.approx(1.0)
    assert straight.colours @ look(shot(1, OTHER_WALL), points()).colours < 0.9
    corner = look(shot(1, at=(5, 5)), points(at=(5, 5)))
    assert len(corner.thumbnail) == 256


def test_a_broken_table_of_people_is_said(folder) -> None:
    """Not half believed."""
    (folder / PEOPLE).write_text("name\nx\n")
    with pytest.raises(UnfinishedError):
        Finished(folder)
