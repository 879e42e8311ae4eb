"""What docs/recordings.md shows of reading the tables is run here, as it stands there."""

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import matplotlib as mpl
import pandas as pd
import polars as pl
import pytest

from recorder.manifest import RUN
from recorder.tables import write_tables
from tests.recorder.finished import recording
from tests.recorder.made import face, film, probs, result

_TEXT = (Path(__file__).parents[2] / "docs" / "recordings.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", _TEXT, re.DOTALL | re.MULTILINE)


def shown(language: str, telling: str) -> str:
    """The first block in this language with these words in it."""
    return str(next(block for kind, block in _BLOCKS if kind == language and telling in block))


@pytest.fixture(autouse=True)
def results(tmp_path, monkeypatch) -> None:
    """A recording of two people at `results/film`: person 2 is in the last frame alone."""
    folder = recording(tmp_path / "results" / "film", [0.0], [], tables={})
    write_tables([*film(4)[:3], result(3, face(1), face(2), end=True)], folder, csv=False)
    monkeypatch.chdir(tmp_path)


def run(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(block, names)  # noqa: S102 — our own docs
    return names


def test_pandas():
    """What has no value is left out of a mean; whole numbers stay such as far as nulls let them."""
    faces = run(shown("python", "pd.read_parquet"))["faces"]
    assert isinstance(faces, pd.DataFrame)
    assert faces.groupby("track_id").raw_happy.count().to_dict() == {1: 2, 2: 1}
    assert faces.seq.tolist() == [0, 1, 2, 3, 3]
    assert faces.label.tolist() == ["happy"] * 5


def test_polars():
    """With nulls as nulls."""
    faces = run(shown("python", "import polars as pl"))["faces"]
    assert isinstance(faces, pl.DataFrame)
    assert faces["raw_happy"].is_null().to_list() == [False, True, True, False, False]
    assert faces["track_id"].to_list() == [1, 1, 1, 1, 2]
    assert faces.schema["pts"] == pl.Float64


def test_duckdb():
    """All recordings of a folder in one query, each measurement counted once."""
    rows = duckdb.sql(shown("sql", "results/*/")).fetchall()
    assert sorted(rows) == [(1, pytest.approx(probs(0.7)[3])), (2, pytest.approx(0.7))]


def test_people_are_joined_to_the_rows():
    """By the table of which ids are one person's."""
    Path("results/film/people.csv").write_text("person,track_id\n1,1\n1,2\n")
    assert duckdb.sql(shown("sql", "people.csv")).fetchall() == [(1, pytest.approx(0.7))]


def test_arrow_carries_units():
    """The metadata of the columns, as shown."""
    schema = run(shown("python", "read_schema"))["schema"]
    assert schema.field("x1").metadata[b"unit"] == b"px"


def test_reading_from_python():
    """`read`, and the means of what was measured; the lines before it record, which takes processes."""
    block = shown("python", "from recorder import read, record").replace('record("film.mp4", out="results")', "")
    names = run(block)
    assert names["film"].run == json.loads(Path("results/film", RUN).read_text())
    assert names["people"].raw_happy.mean().to_dict() == pytest.approx({1: 0.7, 2: 0.7})


def test_the_plot(monkeypatch):
    """From the tables to a picture."""
    mpl.use("Agg")
    run(shown("python", "plt.savefig"))
    assert Path("happy.png").read_bytes().startswith(b"\x89PNG")
