"""The docs say what the code does."""

import ast
import json
import re
from pathlib import Path

import pytest

from shared.stages import STAGES
from shared.topics import TOPICS

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks/results"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_topic_and_key_is_in_the_protocol():
    """A client in another language is written from docs/protocol.md, so nothing may be missing there."""
    text = (ROOT / "docs/protocol.md").read_text()
    for topic in TOPICS.values():
        assert f"`{topic.name}/<" in text
        for key in topic.type.__struct_fields__:
            assert re.search(rf"\b{key}\b", text), f"{topic.name}: {key}"


def _heard(room):
    """The topics that a room's stage names where it says what it subscribes to, in functions called `…topics`."""
    tree = ast.parse((ROOT / room / "stage.py").read_text())
    said = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.endswith("topics")]
    parts = [node for function in said for node in ast.walk(function) if isinstance(node, ast.Constant)]
    return {str(node.value).split("/")[0] for node in parts}


def test_the_protocol_says_which_stages_hear_a_topic():
    """Who takes a stage's place has to know whom its messages reach; `everyone` and `viewers` are no stages."""
    heard = {room: _heard(room) for room in STAGES if room != "bus"}
    rows = re.findall(r"^\| `(\w+)/<\w+>/` \| [^|]+ → ([^|]+) \|", (ROOT / "docs/protocol.md").read_text(), re.M)
    said = {topic: set(hearers.split(", ")) for topic, hearers in rows if hearers not in ("everyone", "viewers")}
    assert said.keys() == TOPICS.keys() - {"preview", "smoothed", "status"}
    assert said == {topic: {room for room in heard if topic in heard[room]} for topic in said}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """A link to a file that is not there annoys."""
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def _saved(folder):
    rows = [row for file in folder.glob("*.json") for row in json.loads(file.read_text())["rows"]]
    assert len({row["name"] for row in rows}) == len(rows), "a row stands in two files"
    return {row["name"]: row for row in rows}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_quoted_figures_are_those_of_saved_runs(page):
    """`| `row`: … | ours | reference | unit | ratio | without AMX | AVX2 |` is in benchmarks/results."""
    saved, *others = (_saved(RESULTS / folder) for folder in ("", "without-amx", "held-to-avx2"))
    number, cell = r"([\d.]+)", r"([\d.]+|–)"
    quoted = re.findall(
        rf"^\| `([a-z]+/[^`]+)`: [^|]+\| {number} \| {number} \| ([^|]+) \| {number} \| {cell} \| {cell} \|$",
        page.read_text(),
        re.M,
    )
    for name, ours, reference, unit, ratio, *elsewhere in quoted:
        row = saved[name]
        assert (float(ours), float(reference), unit) == (row["ours"], row["reference"], row["unit"]), name
        assert float(ratio) == pytest.approx(row["ratio"], abs=0.051), name
        for other, said in zip(others, elsewhere, strict=True):
            assert (name in other) == (said != "–"), name
            assert said == "–" or float(said) == pytest.approx(other[name]["ratio"], abs=0.051), name
    assert quoted or page.name != "README.md"
