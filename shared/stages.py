"""The one table of stages, each a line of the Procfile, in the order of a frame's way."""

from typing import NamedTuple


class Role(NamedTuple):
    """What a stage runs, and what is lost without it."""

    module: str
    is_vital: bool = False
    """Whatever else runs is of no use: when this one gives up, so does everything."""
    is_needed: bool = True
    """Without it no result comes."""


STAGES = {
    "bus": Role("shared.forwarder", is_vital=True),
    "capture": Role("capture", is_vital=True),
    "detector": Role("detector"),
    "classifier": Role("classifier"),
    "smoother": Role("smoother", is_vital=True),
    "dashboard": Role("dashboard", is_needed=False),
}

NEEDED = tuple(name for name, role in STAGES.items() if role.is_needed)
