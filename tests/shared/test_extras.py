"""A missing package is named, with the command that brings it."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared import extras

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def without(tmp_path):
    """A function that runs a module in a Python that lacks some packages; the exit code and what it says."""

    def run(module, *packages):
        (tmp_path / "sitecustomize.py").write_text(
            "import sys\n"
            "class Without:\n"
            "    def __init__(self, finder): self.finder = finder\n"
            "    def __getattr__(self, name): return getattr(self.finder, name)\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            f"        return None if name in {packages} else self.finder.find_spec(name, path, target)\n"
            "sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]\n"
        )
        command = [sys.executable, "-m", module, "--help"]
        settings = {"PYTHONPATH": f"{tmp_path}:{ROOT}"}
        done = subprocess.run(command, cwd=tmp_path, env=settings, capture_output=True, text=True)
        return done.returncode, done.stderr

    return run


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("training.train", "torch", "[training]"),
        ("training.evaluate", "matplotlib", "[training]"),
        ("benchmarks", "skimage", "[dev]"),
        ("shared.supervisor", "psutil", ""),
    ],
)
def test_one_line_and_the_command(without, module, package, extra):
    """Exit code 2, as for every user's mistake."""
    code, said = without(module, package)
    assert code == 2
    assert said.startswith(f"{package} is not installed for {sys.executable}: ")
    assert said.count("\n") == 1
    assert f"'.{extra}'" in said or ".venv/bin/activate" in said


def test_what_the_core_can_do_needs_no_extra(without):
    """Data is prepared and pictures are read without torch or matplotlib."""
    for module in ("training.data", "training.predict"):
        assert without(module, "torch", "matplotlib", "tqdm", "onnx") == (0, "")


def test_a_fault_of_ours_keeps_its_traceback(without):
    """A module that is missing where its package is there is nothing that can be installed."""
    code, said = without("training.train", "training.data")
    assert code == 1
    assert "Traceback" in said


def test_each_kind_of_installation_has_its_remedy(tmp_path):
    """A wheel, a checkout, and a checkout whose environment was not activated."""
    assert extras.remedy(tmp_path, "training") == "pip install 'affectstream[training]'"
    (tmp_path / "pyproject.toml").write_text("")
    assert extras.remedy(tmp_path, "training").endswith("-m pip install -c constraints.txt -e '.[training]'")
    (tmp_path / ".venv").mkdir()
    assert extras.remedy(tmp_path, "training") == f"source {tmp_path}/.venv/bin/activate"
