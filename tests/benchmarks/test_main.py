"""The command: which rows it measures, what it prints and saves."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks.measure import Row
from benchmarks.plan import Plan
from shared.errors import AffectError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def benches(monkeypatch):
    """Two made-up benches that note that they ran."""
    ran = []

    def bench(subject, *rows):
        def run(plan):
            ran.append(subject)
            yield from rows

        return run

    speeds = Row("workers/1", 20.0, 20.0, "crops/s"), Row("workers/16", 300.0, 320.0, "crops/s")
    table = {"faces": bench("faces", Row("faces/1", 5.0, 10.0, "ms")), "workers": bench("workers", *speeds)}
    monkeypatch.setattr(command, "BENCHES", table)
    return ran


def test_json_is_one_object_and_nothing_else(benches, tmp_path, capsys):
    """`--json` is read by programs: progress must not stand on standard output."""
    assert command.main(["--json", "--save", str(tmp_path)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed.keys() == {"machine", "rows"}
    assert [row["name"] for row in printed["rows"]] == ["faces/1", "workers/1", "workers/16"]
    assert all(row.keys() == {"name", "ours", "reference", "unit", "ratio"} for row in printed["rows"])


@pytest.mark.parametrize(
    ("only", "names", "subjects"),
    [
        ("work", ["workers/1", "workers/16"], ["workers"]),
        ("workers/16", ["workers/16"], ["workers"]),
        ("faces/", ["faces/1"], ["faces"]),
    ],
)
def test_only_measures_what_was_asked_for(benches, tmp_path, capsys, only, names, subjects):
    """Minutes are not spent on rows nobody wants."""
    command.main(["--json", "--only", only, "--save", str(tmp_path)])
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["rows"]] == names
    assert benches == subjects


def test_results_are_saved_with_their_machine_and_plotted(benches, tmp_path, capsys):
    """A figure in a document comes from a saved run."""
    command.main(["--save", str(tmp_path), "--only", "workers"])
    saved = json.loads((tmp_path / "workers.json").read_text())
    assert saved["machine"]["cores"] >= 1
    assert len(saved["rows"]) == 2
    assert (tmp_path / "workers.png").read_bytes().startswith(b"\x89PNG")


def test_quick_runs_are_not_saved(benches, tmp_path, capsys):
    """A figure of few rounds must not be taken for a result."""
    command.main(["--quick", "--save", str(tmp_path)])
    assert list(tmp_path.iterdir()) == []


def test_a_bench_that_fails_takes_no_other_along(monkeypatch, tmp_path, capsys):
    """An hour of measuring is not lost to one fault; the exit code tells."""

    def broken(plan):
        raise AffectError("no result within 60 s")
        yield

    table = {"live": broken, "faces": lambda plan: iter([Row("faces/1", 5.0, 10.0, "ms")])}
    monkeypatch.setattr(command, "BENCHES", table)
    assert command.main(["--save", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "faces/1" in printed.out
    assert "live: no result within 60 s" in printed.err


@pytest.mark.parametrize("arguments", [["--only", "nothing"], ["--clips", "/nowhere"]])
def test_a_mistake_is_explained(arguments, capsys):
    """A user's mistake ends with exit code 2 and the value that was wrong."""
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_every_subject_is_in_the_docs():
    """docs/performance.md says what each row means."""
    described = re.findall(r"^\| `(\w+)/", (ROOT / "docs/performance.md").read_text(), re.MULTILINE)
    assert set(described) == set(command.BENCHES)


def test_without_a_folder_the_demo_is_measured(tmp_path):
    """Everybody can run the benchmarks; nobody needs our clips."""
    (clip,) = Plan(tmp_path, quick=True).clips()
    assert clip.stem == "demo"
    assert clip.stat().st_size > 0
    assert Plan(tmp_path, clips_dir=tmp_path).clips() == [clip]
