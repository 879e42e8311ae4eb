"""The docs say what the code does."""

import json
import re
from pathlib import Path

import pytest

from shared.topics import TOPICS

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_every_topic_and_key_is_in_the_protocol():
    """A client in another language is written from docs/protocol.md, so nothing may be missing there."""
    text = (ROOT / "docs/protocol.md").read_text()
    for topic in TOPICS.values():
        assert f"`{topic.name}/<" in text
        for key in topic.type.__struct_fields__:
            assert re.search(rf"\b{key}\b", text), f"{topic.name}: {key}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    """A link to a file that is not there annoys."""
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_quoted_figures_are_those_of_saved_runs(page):
    """`| `row`: … | ours | reference | unit | ratio |` stands in a file of benchmarks/results with these figures."""
    files = (ROOT / "benchmarks/results").glob("*.json")
    rows = [row for file in files for row in json.loads(file.read_text())["rows"]]
    saved = {row["name"]: row for row in rows}
    assert len(saved) == len(rows), "a row stands in two files"
    quoted = re.findall(
        r"^\| `([a-z]+/[^`]+)`: [^|]+\| ([\d.]+) \| ([\d.]+) \| ([^|]+) \| ([\d.]+) \|$", page.read_text(), re.M
    )
    for name, ours, reference, unit, ratio in quoted:
        row = saved[name]
        assert (float(ours), float(reference), unit) == (row["ours"], row["reference"], row["unit"]), name
        assert float(ratio) == pytest.approx(row["ratio"], abs=0.051), name
    assert quoted or page.name != "README.md"
