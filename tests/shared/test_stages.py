"""The table of stages and what is started."""

from importlib.util import find_spec

import pytest

from shared.stages import STAGES


@pytest.mark.parametrize("stage", STAGES)
def test_its_module_can_be_run(stage):
    """A package by its `__main__`."""
    module = find_spec(STAGES[stage].module)
    assert module
    assert not module.submodule_search_locations or find_spec(f"{module.name}.__main__")
