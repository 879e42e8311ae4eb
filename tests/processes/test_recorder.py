"""`python -m recorder` with its real, private pipeline: the same tables whatever is killed."""

import json
import os
import shutil
import signal
import subprocess
import sys

import psutil
import pyarrow.parquet as pq
import pytest

from recorder import read
from recorder.settings import runtime_dir_of
from shared.settings import Settings
from shared.stages import NEEDED
from tests.capture.films import film, picture, remuxed, table
from tests.capture.test_picture import matrix
from tests.processes.harness import PATIENCE_S, ROOT, Listener, eventually
from tests.recorder.disk import Disk

pytestmark = [pytest.mark.processes]

TABLES = ("faces.parquet", "frames.parquet")


class Command:
    """`python -m recorder` for one output folder, and a listener on its private bus."""

    def __init__(self, folder):
        self.out = folder / "out"
        self.log = folder / "log"
        settings = Settings(_env_file=None, runtime_dir=folder / "run")
        self.runtime_dir = runtime_dir_of(settings, self.out)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AFFECT_")},
            "AFFECT_RUNTIME_DIR": str(settings.runtime_dir),
            "AFFECT_DEVICE": "cpu",
            "PYTHONPATH": str(ROOT),
        }
        self.folder = folder
        self.listener = Listener(self.runtime_dir)

    def start(self, *arguments):
        """Start it; its output goes to a file."""
        command = [sys.executable, "-m", "recorder", "--out", self.out, *arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )
        return self

    def ends(self):
        """Wait for its end; its exit code."""
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.log.read_text()) from None

    def rows(self, count):
        """Wait for so many results on its bus."""
        eventually(lambda: len(self.listener.rows) >= count, lambda: f"{count} rows\n{self.log.read_text()}")

    def family(self):
        """All processes below it."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def kill(self, stage):
        """Kill the newest process of a stage."""

        def alive():
            return [one for one in self.listener.live(stage) if psutil.pid_exists(one["pid"])]

        os.kill(max(eventually(alive, f"a {stage}"), key=lambda one: one["started_ns"])["pid"], signal.SIGKILL)

    def dies(self):
        """Kill it, and wait for the end of its pipeline."""
        family = self.family()
        self.process.kill()
        self.process.wait()
        eventually(lambda: not any(member.is_running() for member in family), "the end of the killed one's pipeline")

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.listener.close()


@pytest.fixture
def command(tmp_path_factory):
    """A maker of commands, each ended at the end."""
    made = []

    def make():
        made.append(Command(tmp_path_factory.mktemp("rec")))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_killing_any_stage_and_the_recorder_changes_no_byte(command, recording):
    """Each stage and at last the recorder itself; `--resume` goes on, and nothing is left running or lying about."""
    undisturbed = command().start(recording)
    assert undisturbed.ends() == 0
    one = command().start(recording)
    for index, stage in enumerate(reversed(NEEDED)):
        one.rows(5 + 12 * index)
        one.kill(stage)
    one.rows(5 + 12 * len(NEEDED))
    one.dies()
    assert not (one.out / recording.stem).exists()
    heard = len(one.listener.rows)
    assert one.start(recording, "--resume").ends() == 0, one.log.read_text()
    assert heard < 90
    for name in TABLES:
        expected, found = (command.out / recording.stem / name for command in (undisturbed, one))
        assert found.read_bytes() == expected.read_bytes()
    assert pq.read_metadata(one.out / recording.stem / "frames.parquet").num_rows == 90
    assert {seq for _, _, seq in one.listener.rows} == set(range(90))
    assert len({epoch for _, epoch, _ in one.listener.rows}) == 1, "it went on where it was"
    assert [path.name for path in one.out.iterdir()] == [recording.stem]
    assert not one.runtime_dir.exists()


_HOOK = """
import os, pathlib, sys
from tests.recorder.disk import Disk
os.fsync = Disk(pathlib.Path(os.environ["NOTES"])).fsync
if "recorder" in sys.orig_argv:
    import recorder.checkpoint
    recorder.checkpoint.EVERY_S = 0.0
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the played disk knows Linux's names of open files")
def test_a_power_cut_changes_no_byte(command, recording, tmp_path):
    """Twice in one film: whatever was not flushed is lost, and so are the pipeline's states."""
    undisturbed = command().start(recording)
    assert undisturbed.ends() == 0
    (tmp_path / "sitecustomize.py").write_text(_HOOK)
    notes = tmp_path / "notes"
    one = command()
    one.environment |= {"PYTHONPATH": f"{tmp_path}:{ROOT}", "NOTES": str(notes)}
    one.start(recording)
    for rows in (30, 60):
        one.rows(rows)
        one.dies()
        Disk(notes).cut(one.out)
        shutil.rmtree(one.out.with_name("lost"))
        shutil.rmtree(one.runtime_dir / "kept")
        begun = one.out / ".recording" / recording.stem / "begun.json"
        begun.write_text(json.dumps(json.loads(begun.read_text()) | {"boot": "before the cut"}))
        one.start(recording, "--resume")
    assert one.ends() == 0, one.log.read_text()
    for name in TABLES:
        expected, found = (command.out / recording.stem / name for command in (undisturbed, one))
        assert found.read_bytes() == expected.read_bytes()
    assert len({epoch for _, epoch, _ in one.listener.rows}) == 1, "it went on from a checkpoint"


def make_films(folder):
    """Films whose frames are easily miscounted or mistimed; each has 20 frames, and no face."""
    plain = film(folder / "plain.mkv", options={"bf": "0"})
    return [
        film(folder / "variable.mkv", stamps=[index * index for index in range(20)]),
        film(folder / "reordered.mp4", options={"bf": "2", "g": "10"}),
        film(folder / "late.mkv", stamps=[250 + index for index in range(20)]),
        film(folder / "turned.mp4", prepare=lambda stream: stream.set_display_matrix(matrix(0, 1, -1, 0))),
        film(folder / "odd.mkv", images=[picture(index, (63, 47)) for index in range(20)], pixels="yuv444p"),
        remuxed(folder / "sound.mkv", plain, sound_s=2.0),
    ]


def test_a_folder_goes_through_with_one_command(command, recording, tmp_path):
    """Frames are those of the films. What cannot be read is named at the end; Ctrl-C is no failure."""
    films = make_films(tmp_path)
    (tmp_path / "a, b=c 😀.mp4").symlink_to(recording)
    (tmp_path / "text.mp4").write_text("no film")
    one = command().start(tmp_path, tmp_path / "missing.mp4")
    one.rows(20)
    one.process.send_signal(signal.SIGINT)
    assert one.ends() == 130
    assert "--resume goes on" in one.log.read_text()
    assert one.start(tmp_path, tmp_path / "missing.mp4", "--resume", "--csv").ends() == 1
    said = one.log.read_text()
    assert "2 failed" in said
    assert "text.mp4: is not a video" in said
    assert "missing.mp4: No such file or directory" in said
    assert pq.read_metadata(one.out / "a, b=c 😀" / "faces.parquet").num_rows >= 80
    for path in films:
        frames = pq.read_table(one.out / path.stem / "frames.parquet")
        expected = table(path)
        assert frames.column("seq").to_pylist() == list(range(len(expected))), path
        assert frames.column("pts").to_pylist() == pytest.approx([row.pts for row in expected], abs=1e-6), path
        assert pq.read_metadata(one.out / path.stem / "faces.parquet").num_rows == 0
    assert read(one.out / "turned").run["size"] == [48, 64]
    assert read(one.out / "odd").run["size"] == [63, 47]
    assert read(one.out / "late").run["warnings"] == ["no face was found"]
