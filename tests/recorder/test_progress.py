"""What is said to people and to programs."""

import json
import os

import pytest

from recorder.inputs import Clip
from recorder.jobs import Job
from recorder.progress import Progress, frames_in
from tests.capture.films import film

RUN = {"frames": 300, "faces": 250, "tracks": 2, "seconds": 3.0, "warnings": ["cut"]}


@pytest.fixture
def jobs(tmp_path):
    made = [Job(Clip(name, name, tmp_path / name), tmp_path, {}) for name in ("a", "b", "c")]
    made[0].run, made[0].state = RUN, "done"
    made[1].fail("b: is not a video")
    return made


def said(jobs, style, capsys):
    progress = Progress(jobs, style, bars=False)
    progress.watch(0.0)
    progress.watch(10.0)
    progress.summary(4.0)
    return capsys.readouterr()


def test_a_line_for_each_recording_and_a_summary(jobs, capsys, tmp_path):
    """Each once; failures at the end, on stderr."""
    out, err = said(jobs, "words", capsys)
    assert out.splitlines() == [
        f"{tmp_path / 'a'}: 300 frames, 2 persons, 250 faces, 3.0 s (100 frames/s)",
        "  warning: cut",
        "1 recorded, 1 failed, 1 not finished: 300 frames, 250 faces in 4.0 s",
    ]
    assert err == "failed: b: is not a video\n"


def test_lines_of_json(jobs, capsys, tmp_path):
    """One for each recording, failed or not, and one for all."""
    lines = [json.loads(line) for line in said(jobs, "json", capsys).out.splitlines()]
    assert [line.get("state") for line in lines] == ["done", "failed", None]
    job = {"clip": str(tmp_path / "a"), "number": 0, "error": "", "state": "done"}
    assert lines[0] == job | RUN | {"folder": str(tmp_path / "a")}
    counts = {"done": 1, "kept": 0, "failed": 1, "unfinished": 1}
    assert lines[2]["summary"] == {**counts, "frames": 300, "faces": 250, "seconds": 4.0}


def test_quiet_says_failures_alone(jobs, capsys):
    """Nothing on stdout."""
    out, err = said(jobs, "quiet", capsys)
    assert (out, err) == ("", "failed: b: is not a video\n")


def test_bars_show_what_runs_and_all(jobs, capsys):
    """One for all files above one for each that is being recorded."""
    jobs[2].state = "running"
    progress = Progress(jobs, "words", bars=True)
    progress.watch(0.0)
    progress.close()
    err = capsys.readouterr().err
    assert "2/3 files" in err
    assert "250 faces" in err
    assert "c: " in err


def test_the_length_is_the_containers_word(tmp_path):
    """Unknown for what is no film."""
    clip = Clip("a", "a", film(tmp_path / "a.mp4"))
    assert frames_in(clip) == 20
    assert frames_in(clip._replace(path=film(tmp_path / "a.mkv"))) == 20
    (tmp_path / "text.mp4").write_text("no film")
    assert frames_in(clip._replace(path=tmp_path / "text.mp4")) == 0
    os.mkfifo(tmp_path / "pipe.mp4")
    for name in ("missing.mp4", "pipe.mp4"):
        assert frames_in(clip._replace(path=tmp_path / name)) == 0
    assert frames_in(clip._replace(path=tmp_path, stills=True)) == 3
