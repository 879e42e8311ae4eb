"""Runs the dashboard on the bus: `python -m dashboard`."""

from dashboard.stage import Dashboard
from shared.loop import run

if __name__ == "__main__":
    run("dashboard", Dashboard)
