"""The docs say what the code does."""

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
