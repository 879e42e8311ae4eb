"""The table of stages and what is started."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from shared.stages import STAGES


def test_the_procfile_starts_every_stage():
    """Each under its supervisor."""
    lines = (Path(__file__).resolve().parents[2] / "Procfile").read_text().splitlines()
    assert lines == [f"{stage}: exec python -u -m shared.supervisor {stage}" for stage in STAGES]


@pytest.mark.parametrize("stage", STAGES)
def test_its_module_can_be_run(stage):
    """A package by its `__main__`."""
    module = find_spec(STAGES[stage].module)
    assert module
    assert not module.submodule_search_locations or find_spec(f"{module.name}.__main__")
