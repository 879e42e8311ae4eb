"""Ctrl-C in the middle of an epoch, as a user presses it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from training import data
from training.checkpoint import Checkpoint

pytestmark = pytest.mark.processes

LIMIT_S = 120
EPOCH = 5
"""Steps of it: 28 pictures in batches of four, without the seven that validation has too."""


def training(*arguments: object) -> subprocess.Popen[str]:
    """The real command in its own process group, for thirty epochs."""
    options = ("--preset", "emotion-net", "--start", "", "--blocks", "32", "--batch", "4", "--epochs", "30")
    return subprocess.Popen(
        [sys.executable, "-m", "training.train", *options, "--threads", "1", "--device", "cpu", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )


def finished(process: subprocess.Popen[str]) -> str:
    """What it printed, when it has ended well."""
    printed, _ = process.communicate(timeout=LIMIT_S)
    assert process.returncode == 0, printed
    return printed


def test_a_run_broken_by_ctrl_c_ends_like_an_unbroken_one(faces: data.Faces, tmp_path: Path) -> None:
    """The terminal's signal reaches every process of the group; what `--resume` makes of it is the same weights."""
    table = tmp_path / "faces.npz"
    data.save({"train": faces, "validation": faces.take(np.arange(7))}, table)
    broken, unbroken = tmp_path / "broken", tmp_path / "unbroken"
    process = training("--data", table, "--out", broken)
    deadline = time.monotonic() + LIMIT_S
    while not (broken / "metrics.jsonl").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, "no epoch ended"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    assert "continue with --resume" in finished(process)
    assert EPOCH <= Checkpoint.read(broken / "last.pt").step < 30 * EPOCH
    finished(training("--data", table, "--resume", broken / "last.pt"))
    finished(training("--data", table, "--out", unbroken))
    ends = [Checkpoint.read(folder / "last.pt") for folder in (broken, unbroken)]
    assert [end.step for end in ends] == [30 * EPOCH, 30 * EPOCH]
    for name, value in ends[1].averaged.items():
        assert torch.equal(ends[0].averaged[name], value), name


COMMANDS = {
    "data": ["PIPE"],
    "evaluate": ["emotion-cnn", "PIPE"],
    "predict": ["PIPE"],
    "export": ["run.pt", "--name", "mine", "--data", "PIPE"],
    "train": ["--data", "PIPE", "--out", "run", "--device", "cpu"],
}


def interrupted(name: str, pipe: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command that gets Ctrl-C while it waits for what nobody writes into `pipe`."""
    arguments = [str(pipe) if argument == "PIPE" else argument for argument in COMMANDS[name]]
    process = subprocess.Popen(
        [sys.executable, "-m", f"training.{name}", *arguments],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which a shell in the background ignores
    )
    with pipe.open("w"):  # opens when the command opens it, too
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=LIMIT_S)
    return subprocess.CompletedProcess(process.args, process.returncode, printed, said)


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_while_reading_ends_a_command_in_a_line(name: str, tmp_path: Path) -> None:
    """Exit code 130 and no traceback."""
    pipe = tmp_path / "faces.csv"
    os.mkfifo(pipe)
    end = interrupted(name, pipe)
    assert (end.returncode, end.stdout) == (130, "")
    assert end.stderr == f"training.{name}: interrupted\n"


@pytest.mark.parametrize("name", ["data", "train"])
def test_ctrl_c_while_importing_ends_a_command_in_a_line(name: str, tmp_path: Path) -> None:
    """The imports take seconds; here that of cv2 waits for a pipe."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "cv2.py").write_text(f"open({str(pipe)!r}).read()\n")
    end = interrupted(name, pipe, PYTHONPATH=str(tmp_path))
    assert (end.returncode, end.stdout, end.stderr) == (130, "", "interrupted\n")
