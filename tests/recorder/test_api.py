"""The recorder from Python."""

import json
import subprocess

import pytest

import recorder
from recorder.tables import write_tables
from shared.errors import AffectError
from tests.recorder.made import film

KEYS = ("schema", "version", "source", "input", "settings", "model", "frames", "faces", "tables")


@pytest.fixture
def folder(tmp_path):
    write_tables(film(4), tmp_path, csv=False)
    (tmp_path / "run.json").write_text(json.dumps(dict.fromkeys(KEYS, 1)))
    return tmp_path


def test_a_recording_is_read(folder):
    """Tables and run."""
    recorded = recorder.read(folder)
    assert recorded.faces.column("seq").to_pylist() == [0, 1, 2, 3]
    assert recorded.frames.num_rows == 4
    assert recorded.run["schema"] == 1
    (folder / "faces.parquet").write_bytes(b"no table")
    with pytest.raises(AffectError, match=str(folder)):
        recorder.read(folder)


@pytest.fixture
def answers(monkeypatch):
    """Makes `python -m recorder` answer with these lines of JSON; returns the commands."""
    commands = []

    def answer(*lines, code=0):
        def run(command, **_):
            commands.append(command[3:])
            return subprocess.CompletedProcess(command, code, "\n".join(map(json.dumps, lines)))

        monkeypatch.setattr(subprocess, "run", run)
        return commands

    return answer


def test_recordings_come_in_the_order_of_the_inputs(folder, answers):
    """Whichever was finished first."""
    lines = [{"clip": name, "number": number, "folder": str(folder)} for name, number in (("b", 1), ("-a", 0))]
    commands = answers(*lines, {"summary": {}})
    made = recorder.record("-a", folder / "b", out="out", every=1, overwrite=True)
    assert [one.folder for one in made] == [folder, folder]
    assert commands == [["--json", "--out", "out", "--every", "1", "--overwrite", "--", "-a", str(folder / "b")]]


def test_what_failed_is_an_error(answers):
    """Of all files that failed, once the others are done."""
    failed = [{"clip": name, "number": 0, "state": "failed", "error": f"{name}: no video"} for name in "ab"]
    answers(*failed, {"summary": {}}, code=1)
    with pytest.raises(AffectError, match="a: no video; b: no video"):
        recorder.record("a", "b", out="out")
    answers(code=2)
    with pytest.raises(AffectError, match="exit code 2"):
        recorder.record("a", out="out")
