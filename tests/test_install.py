"""What `make` does with an environment that is not there, half made, or no longer of use; with `uv` as a stand-in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def script(path, line):
    """A program of one line."""
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o700)


class Checkout:
    """A folder with the Makefile, where installing takes no time: `uv` writes down what it is asked for."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = folder / ".venv"
        self._calls = folder / "calls"
        (folder / "programs").mkdir()
        shutil.copy(ROOT / "Makefile", folder)
        for name in ("pyproject.toml", "constraints.txt"):
            (folder / name).write_text("")
        self.python(f'{sys.executable} "$@" --without-pip')
        self.uv(0)

    def python(self, line):
        """What PYTHON is."""
        script(self.folder / "programs/python3", line)

    def uv(self, code):
        """Let it end with this code."""
        script(self.folder / "programs/uv", f'echo "$@" >> {self._calls}; exit {code}')

    def make(self):
        """Run `make setup`; its exit code, what it says on stderr, and whether it installed."""
        self._calls.unlink(missing_ok=True)
        settings = {"PATH": f"{self.folder / 'programs'}:{os.environ['PATH']}"}
        command = ["make", "-C", self.folder, "setup", "TORCH=0"]
        done = subprocess.run(command, env=settings, capture_output=True, text=True)
        return done.returncode, done.stderr, self._calls.exists()


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


def test_a_second_time_nothing_is_done(checkout):
    """Later runs start at once."""
    assert checkout.make() == (0, "", True)
    made = (checkout.environment / "pyvenv.cfg").stat().st_mtime_ns
    assert checkout.make() == (0, "", False)
    assert (checkout.environment / "pyvenv.cfg").stat().st_mtime_ns == made


def test_an_interrupted_installation_is_resumed(checkout):
    """In the same environment; what to do is said in a line."""
    checkout.uv(1)
    code, said, _ = checkout.make()
    assert code == 2
    assert "the same command goes on from here" in said
    made = (checkout.environment / "pyvenv.cfg").stat().st_mtime_ns
    checkout.uv(0)
    assert checkout.make() == (0, "", True)
    assert (checkout.environment / "pyvenv.cfg").stat().st_mtime_ns == made


@pytest.mark.parametrize("what", ["gone", "dangling", "other version", "half made"])
def test_an_environment_of_no_use_is_made_anew(checkout, what):
    """And all is installed again, though the environment said that it is."""
    checkout.make()
    python = checkout.environment / "bin/python"
    if what == "other version":
        (library,) = checkout.environment.glob("lib/python*")
        library.rename(library.with_name("python3.1"))
    elif what == "half made":
        shutil.rmtree(checkout.environment / "lib")
    else:
        python.unlink()
        if what == "dangling":
            python.symlink_to("/nowhere/python")
    assert checkout.make() == (0, "", True)
    subprocess.run([python, "-c", "import os, sysconfig; os.chdir(sysconfig.get_path('purelib'))"], check=True)
    assert not list(checkout.environment.glob("lib/python3.1"))
    assert checkout.make() == (0, "", False)


def test_a_python_too_old_is_named_in_a_line(checkout):
    """With a remedy; nothing is left behind."""
    older = "import sys; sys.version_info, sys.version = (3, 9, 2), '3.9.2 (old)'; exec(sys.argv[1])"
    checkout.python(f'exec {sys.executable} -c "{older}" "$2"')
    code, said, installs = checkout.make()
    assert (code, installs) == (2, False)
    first, *rest = said.splitlines()
    assert first == "Python 3.11 or newer is needed, this is 3.9.2; name another one: make run PYTHON=python3.12"
    assert all(line.startswith("make") for line in rest)
    assert not checkout.environment.exists()
