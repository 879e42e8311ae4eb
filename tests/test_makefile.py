"""What `make run` installs and starts."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def script(path, line):
    """A program of one line."""
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o700)


@pytest.fixture
def log_format(tmp_path, monkeypatch):
    """What honcho is told of the log format; in a folder with this .env, on a terminal or not."""
    script(tmp_path / "honcho", 'echo "format=$AFFECT_LOG_FORMAT"')
    script(tmp_path / "python", "exit 0")
    monkeypatch.delenv("AFFECT_LOG_FORMAT", raising=False)
    monkeypatch.delenv("MAKEFLAGS", raising=False)

    def run(*, terminal, env_file=""):
        (tmp_path / ".env").write_text(env_file)
        command = ["make", "-f", ROOT / "Makefile", "-C", tmp_path, "-s", "-o", "setup", f"BIN={tmp_path}", "run"]
        if not terminal:
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        ours, theirs = pty.openpty()
        subprocess.run(command, stdout=theirs, check=True)
        os.close(theirs)
        said = os.read(ours, 1000).decode().strip()
        os.close(ours)
        return said

    return run


def test_people_get_logs_for_people(log_format):
    """honcho hides the terminal from the stages, so make says that there is one."""
    assert log_format(terminal=True) == "format=console"
    assert log_format(terminal=False) == "format="


def test_what_the_user_says_counts(log_format, monkeypatch):
    """In `.env`, which the stages read, or on the command line."""
    assert log_format(terminal=True, env_file="AFFECT_LOG_FORMAT=json\n") == "format="
    assert log_format(terminal=True, env_file="# AFFECT_LOG_FORMAT=auto\n") == "format=console"
    monkeypatch.setenv("AFFECT_LOG_FORMAT", "json")
    assert log_format(terminal=True) == "format=json"


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (130, 0), (1, 2)])
def test_ctrl_c_is_no_error(tmp_path, code, ends):
    """honcho ends with 130 when it is interrupted; make ends with 0 then, and with an error for all else."""
    script(tmp_path / "honcho", f"exit {code}")
    script(tmp_path / "python", "exit 0")
    command = ["make", "-f", ROOT / "Makefile", "-C", tmp_path, "-s", "-o", "setup", f"BIN={tmp_path}", "run"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == ends
    assert ("Error" in done.stderr) == (ends != 0)


@pytest.mark.parametrize(
    ("driver", "wish", "installs"), [(0, "", True), (0, "TORCH=0", False), (1, "", False), (1, "TORCH=1", True)]
)
def test_torch_comes_with_an_accelerator(tmp_path, monkeypatch, driver, wish, installs):
    """Where NVIDIA's driver answers, or on a wish."""
    script(tmp_path / "nvidia-smi", f"exit {driver}")
    script(tmp_path / "uname", "echo Linux x86_64")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("MAKEFLAGS", raising=False)
    command = ["make", "-f", ROOT / "Makefile", "-C", ROOT, "-n", "-B", "setup", *([wish] if wish else [])]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert ("[torch]" in said) == installs
    assert "[dev]" not in said


def test_nothing_starts_if_something_is_wrong(tmp_path):
    """The check before the start has the last word."""
    script(tmp_path / "honcho", "echo started")
    script(tmp_path / "python", "exit 2")
    command = ["make", "-f", ROOT / "Makefile", "-C", tmp_path, "-s", "-o", "setup", f"BIN={tmp_path}", "run"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
