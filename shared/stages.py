"""The table of stages, each a line of the Procfile, in pipeline order."""

from typing import NamedTuple


class Role(NamedTuple):
    """A stage's module, and what depends on it."""

    module: str
    is_vital: bool = False
    """When it is given up, the whole pipeline ends."""
    is_needed: bool = True
    """Without it there are no results."""


STAGES = {
    "bus": Role("shared.forwarder", is_vital=True),
    "capture": Role("capture", is_vital=True),
    "detector": Role("detector"),
    "classifier": Role("classifier"),
    "smoother": Role("smoother", is_vital=True),
    "dashboard": Role("dashboard", is_needed=False),
}

NEEDED = tuple(name for name, role in STAGES.items() if role.is_needed)
