"""Which Python the Procfile's lines start."""

import os
import subprocess
from pathlib import Path

import pytest
from honcho.environ import parse_procfile

from shared.stages import STAGES

ROOT = Path(__file__).resolve().parent.parent
LINES = parse_procfile((ROOT / "Procfile").read_text()).processes


@pytest.fixture
def pythons(tmp_path):
    """In each of three folders a `python` that says the folder's name and how it was called."""
    for name in ("plain", "project/.venv/bin", "active/bin"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "python").write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (folder / "python").chmod(0o700)
    return tmp_path


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(
    ("folder", "active", "started"),
    [("project", False, "project/.venv/bin"), ("project", True, "active/bin"), ("plain", False, "plain")],
)
def test_the_environment_need_not_be_activated(pythons, stage, folder, active, started):
    """The project's own is found; an active one comes first, and without either the search path decides."""
    settings = {"PATH": f"{pythons / 'plain'}:{os.defpath}"} | (
        {"VIRTUAL_ENV": str(pythons / "active")} if active else {}
    )
    done = subprocess.run(
        ["sh", "-c", LINES[stage]], cwd=pythons / folder, env=settings, capture_output=True, text=True
    )
    assert done.stdout == f"{started} -u -m shared.supervisor {stage}\n", done.stderr


def test_honcho_knows_every_stage():
    """A line each, in the table's order."""
    assert list(LINES) == list(STAGES)
