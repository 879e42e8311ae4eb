"""training/teach.sh from beginning to end on the CPU, with tiny networks, stopped in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from training import data
from training.checkpoint import Checkpoint
from training.data import Faces

pytestmark = [pytest.mark.processes, pytest.mark.timeout(600)]

LIMIT_S = 250
LAST = 48
"""Steps of a teacher."""
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def pictures(faces: Faces, tmp_path: Path) -> Path:
    """200 training pictures, of which validation holds none."""
    rng = np.random.default_rng(1)
    many = faces.take(np.arange(270) % 28)
    noisy = (many.images // 2 + rng.integers(0, 120, many.images.shape)).astype(np.uint8)
    many = Faces(noisy, many.labels, many.names, many.votes)
    path = tmp_path / "faces.npz"
    data.save({"train": many.take(np.arange(200)), "validation": many.take(np.arange(200, 270))}, path)
    return path


def teach(pictures: Path, folder: Path) -> "subprocess.Popen[str]":
    """The script in its own process group: two teachers and a student of some epochs."""
    tiny = "--batch 16 --device cpu --threads 1 --no-amp --validate-every 1"
    settings = {
        "PYTHON": sys.executable,
        "RUNS": str(folder / "runs"),
        "PRESETS": "emotion-lite",
        "TEACHERS": "2",
        "TEACHER_OPTIONS": f"{tiny} --blocks 16 --epochs 4",
        "STUDENT_OPTIONS": f"{tiny} --blocks 32 --start '' --epochs 2",
    }
    return subprocess.Popen(
        ["bash", "training/teach.sh", str(pictures), str(folder / "results")],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )


def steps(folder: Path) -> dict[str, int]:
    """How far each run is."""
    return {path.parent.name: Checkpoint.read(path).step for path in (folder / "runs").glob("*/last.pt")}


def test_what_was_stopped_goes_on_to_the_end(pictures: Path, tmp_path: Path) -> None:
    """A signal to the script reaches the teacher in training, and the same command again leaves everything."""
    script = teach(pictures, tmp_path)
    deadline = time.monotonic() + LIMIT_S
    while not (tmp_path / "runs" / "teacher-1" / "metrics.jsonl").exists():
        assert script.poll() is None, script.communicate()[0]
        assert time.monotonic() < deadline, "no teacher's epoch ended"
        time.sleep(0.01)
    script.send_signal(signal.SIGTERM)
    printed, _ = script.communicate(timeout=LIMIT_S)
    assert "teacher 2 of 2 stopped" in printed
    assert (tmp_path / "results" / "soft-targets.safetensors").exists(), "the first teacher was through"
    half = steps(tmp_path)
    assert half["teacher-0"] == LAST > half["teacher-1"]

    script = teach(pictures, tmp_path)
    printed, _ = script.communicate(timeout=LIMIT_S)
    assert script.returncode == 0, printed
    assert steps(tmp_path) == {"teacher-0": LAST, "teacher-1": LAST, "emotion-lite": 24}
    results = tmp_path / "results"
    assert {path.name for path in results.iterdir()} == {
        *("soft-targets.safetensors", "ensemble.json", "emotion-lite.safetensors", "metrics.jsonl", "log.txt"),
    }
    assert len(json.loads((results / "ensemble.json").read_text())["teachers"]) == 2
    rows = [json.loads(line) for line in (results / "metrics.jsonl").read_text().splitlines()]
    assert {row["run"] for row in rows} == steps(tmp_path).keys()
    assert Checkpoint.read(results / "emotion-lite.safetensors").recipe.teacher.startswith(str(results))
