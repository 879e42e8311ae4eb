"""Resolves `auto`: the camera if it opens, else the demo; decided once, so that a restart keeps the choice."""

import structlog

from capture.sources import camera_opens
from shared.stage import Place
from shared.state import read_state, write_state

log = structlog.get_logger()


def find_camera(place: Place, index: int) -> bool:
    """Whether the camera opens; after a crash, whether it did before: one unplugged meanwhile is waited for."""
    file = place.state_dir / f"camera-{index}.found"
    before = read_state(file) if place.restarted else None
    if before is not None:
        return before == b"yes"
    found = camera_opens(index)
    write_state(file, b"yes" if found else b"no")
    if not found:
        log.warning("camera not there, in use, or not permitted; showing the demo", camera=index)
    return found
