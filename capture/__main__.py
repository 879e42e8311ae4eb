"""Runs the capture on the bus: `python -m capture`."""

from capture.stage import Capture
from shared.loop import run

if __name__ == "__main__":
    run("capture", Capture)
