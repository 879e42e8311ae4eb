"""The tables say what the messages said."""

import csv

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec import structs

from recorder import schema, tables
from recorder.schema import FACES, FRAMES, RAW, SMOOTHED, VERSION_KEY
from recorder.tables import digest, without_past, write_tables
from shared.messages import EMOTIONS, Quality
from tests.recorder.made import face, film, probs, result


def test_a_row_for_each_face_and_frame(tmp_path):
    """A row says whether it was measured in this frame, or stands since an earlier one."""
    write_tables([*film(4), result(4), result(5, size=None, complete=False, left_out=2)], tmp_path, csv=False)
    faces, frames = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("faces", "frames"))
    assert (faces.schema, frames.schema) == (FACES, FRAMES)
    rows = faces.to_pylist()
    assert [row["seq"] for row in rows] == [0, 1, 2, 3]
    assert [row["classified"] for row in rows] == [True, False, False, True]
    assert [row["classified_pts"] for row in rows] == [0.0, 0.0, 0.0, 0.1]
    assert [rows[0][name] for name in RAW] == pytest.approx(probs(0.7))
    assert [rows[1][name] for name in RAW] == [None] * len(EMOTIONS)
    assert [rows[0][name] for name in schema.QUALITY] == [30.0, 0.5, 0.125, 110.0, 50.0, -4.0, 0.25, 0.75]
    assert [rows[1][name] for name in schema.QUALITY] == [None] * 8
    assert [rows[1][name] for name in SMOOTHED] == pytest.approx(probs(0.6))
    assert [rows[0][name] for name in ("x1", "y1", "x2", "y2", "nose_x", "mouth_right_y")] == [10, 20, 40, 60, 5, 10]
    assert frames.column("faces").to_pylist() == [1, 1, 1, 1, 0, 0]
    assert frames.column("complete").to_pylist() == [True] * 5 + [False]
    assert frames.to_pylist()[5] | {"width": None, "height": None, "left_out": 2} == frames.to_pylist()[5]


@pytest.mark.parametrize("schema", [FACES, FRAMES])
def test_columns_have_units_and_descriptions(schema):
    """Whoever has the file alone can read it."""
    assert schema.metadata == {VERSION_KEY: b"1"}
    assert all(field.metadata[b"description"] for field in schema)
    units = {name: field.metadata[b"unit"] for name, field in zip(schema.names, schema, strict=True)}
    assert units["pts"] == b"s"
    assert {unit for name, unit in units.items() if name in ("x1", "nose_x", "width")} == {b"px"}


def test_a_film_without_faces_has_tables(tmp_path):
    """Empty, with the same schema."""
    write_tables([result(0), result(1)], tmp_path, csv=True)
    assert pq.read_table(tmp_path / "faces.parquet").schema == FACES
    assert pq.read_table(tmp_path / "faces.parquet").num_rows == 0
    assert (tmp_path / "faces.csv").read_text().count("\n") == 1


def test_csv_has_the_same_rows(tmp_path):
    """With the names in the first line; no value is an empty cell."""
    write_tables(film(3), tmp_path, csv=True)
    with (tmp_path / "faces.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == FACES.names
    assert [row["raw_happy"] for row in rows] == ["0.7", "", ""]
    assert [row["track_id"] for row in rows] == ["1", "1", "1"]


def test_the_digest_is_that_of_the_rows_alone(tmp_path, monkeypatch):
    """Not of row groups, compression or columns that were added."""
    said = write_tables(film(10), tmp_path, csv=False)
    path = tmp_path / "faces.parquet"
    assert digest(path, FACES.names) == said["faces.parquet"]
    table = pq.read_table(path)
    more = table.append_column("blur", pa.array([0.5] * table.num_rows))
    pq.write_table(more, tmp_path / "more.parquet", row_group_size=3, compression="gzip")
    assert digest(tmp_path / "more.parquet", FACES.names) == said["faces.parquet"]
    monkeypatch.setattr(tables, "_GROUP", 4)
    monkeypatch.setattr(tables, "_BATCH", 2)
    assert write_tables(film(10), tmp_path, csv=False) == said
    assert pq.read_metadata(path).num_row_groups == 3
    assert pq.read_table(path) == table


@pytest.mark.parametrize("other", [face(2), face(None), face(measured=False), face(x=11.0)])
def test_other_rows_have_another_digest(tmp_path, other):
    """Whatever is different."""
    first = write_tables([result(0, face())], tmp_path, csv=False)
    second = write_tables([result(0, other)], tmp_path, csv=False)
    assert first["faces.parquet"] != second["faces.parquet"]
    assert first["frames.parquet"] == second["frames.parquet"]


def test_stills_have_no_past():
    """Nobody is followed from picture to picture, and each face's probabilities are its own."""
    shown = without_past(result(3, face(2, pts=0.0), face(None, measured=False)))
    (only,) = shown.faces
    assert (only.track_id, only.label, only.first_pts, only.classified_pts) == (None, "happy", 0.1, 0.1)
    assert only.smoothed == only.probs == probs(0.7)


def test_a_face_that_cannot_be_read_has_a_reason_and_no_label(tmp_path):
    """Also in a picture of its own, whose label is not made up either."""
    dark = structs.replace(face(), label=None, reason="too dark")
    assert tuple(f"quality_{name}" for name in Quality.__struct_fields__) == schema.QUALITY
    write_tables([result(0, dark), without_past(result(1, dark))], tmp_path, csv=False)
    rows = pq.read_table(tmp_path / "faces.parquet").to_pylist()
    assert [(row["label"], row["reason"], row["raw_happy"] is None) for row in rows] == [(None, "too dark", False)] * 2
