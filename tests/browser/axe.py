"""axe-core, which looks for faults of accessibility, in the page of a browser."""

import importlib.util
from pathlib import Path

import pytest

from tests.browser.chromium import Chromium

_AXE = importlib.util.find_spec("axe_core_python")
_SERIOUS = """axe.run().then(({ violations }) => violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`))"""

needs_axe = pytest.mark.skipif(not _AXE, reason="axe-core-python is not installed")


def serious_faults(page: Chromium) -> object:
    """What is seriously wrong with the page as it is shown now, as text."""
    assert _AXE is not None
    page.call("Runtime.evaluate", expression=Path(str(_AXE.origin)).with_name("axe.min.js").read_text())
    return page.value(_SERIOUS)
