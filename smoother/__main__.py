"""Runs the smoother on the bus: `python -m smoother`."""

from shared.loop import run
from smoother.stage import Smoother

if __name__ == "__main__":
    run("smoother", Smoother)
