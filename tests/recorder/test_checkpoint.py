"""What outlasts a power cut fits together."""

import json
import os

import pytest

from recorder import checkpoint
from recorder.checkpoint import EVERY_S, load
from recorder.jobs import WORK
from recorder.recording import unfinished
from tests.recorder.called import Run, folder
from tests.recorder.disk import Disk
from tests.recorder.made import film

__all__ = ["folder"]


@pytest.fixture
def disk(folder, tmp_path_factory, monkeypatch):
    disk = Disk(tmp_path_factory.mktemp("notes"))
    monkeypatch.setattr(os, "fsync", disk.fsync)
    return disk


def states(run, smoother=b"smoother", capture=b"capture"):
    """Write the states of the clip, as its stages do for every frame: without flushing them."""
    for path, content in zip(run.captures.files("clip"), (smoother, capture), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def after_a_cut(folder, disk, monkeypatch):
    """The computer is off, and on again."""
    Run.made.pop().stage.close()
    disk.cut(folder / "out")
    monkeypatch.setattr("recorder.checkpoint.boot_id", lambda: "later")
    for module in ("jobs", "recording"):
        monkeypatch.setattr(f"recorder.{module}.boot_id", lambda: "later")
    return Run(folder, resume=True, goes_on=True)


def test_it_goes_on_from_the_last_checkpoint(folder, disk, monkeypatch):
    """The journal, and the states as they were when it was flushed; whatever was written since is lost."""
    run, rows = Run(folder), film(10)
    run.hears(rows[:4])
    states(run, b"smoother 4", b"capture 4")
    run.turn(EVERY_S)
    run.hears(rows[4:6])
    states(run, b"smoother 6", b"capture 6")
    run.turn(EVERY_S + 1)
    again = after_a_cut(folder, disk, monkeypatch)
    assert again.captures.restored == {"smoother/clip.msgpack": b"smoother 4", "capture-clip/clip.json": b"capture 4"}
    assert again.jobs[0].recording.journal.frames == 4
    assert unfinished(folder / "out" / WORK / "clip").boot == "later"
    again.hears(rows[3:])
    again.ends()
    assert again.jobs[0].run["frames"] == 10


def test_without_a_checkpoint_it_begins_again(folder, disk, monkeypatch):
    """What the disk happens to have of the journal is not gone on with."""
    run = Run(folder)
    run.hears(film(10)[:6])
    run.jobs[0].recording.journal.flush()
    run.turn(EVERY_S)
    again = after_a_cut(folder, disk, monkeypatch)
    assert again.captures.restored == {}
    assert again.jobs[0].recording.journal.frames == 0


def test_two_cuts_in_a_row(folder, disk, monkeypatch):
    """The second before anything more is flushed: the first checkpoint still holds."""
    run = Run(folder)
    run.hears(film(10)[:4])
    states(run)
    run.turn(EVERY_S)
    after_a_cut(folder, disk, monkeypatch).hears(film(10)[4:8])
    begun = folder / "out" / WORK / "clip" / "begun.json"
    begun.write_text(json.dumps(json.loads(begun.read_text()) | {"boot": "between"}))
    again = Run(folder, resume=True, goes_on=True)
    assert again.captures.restored
    assert again.jobs[0].recording.journal.frames == 4


def test_finished_recordings_outlast_it(folder, disk, monkeypatch):
    """Each file of the folder, whole, once the next one may begin."""
    run = Run(folder)
    run.hears(film(10))
    run.ends()
    before = {path.name: path.read_bytes() for path in (folder / "out" / "clip").iterdir()}
    again = after_a_cut(folder, disk, monkeypatch)
    assert again.jobs[0].state == "kept"
    assert {path.name: path.read_bytes() for path in (folder / "out" / "clip").iterdir()} == before


def test_a_checkpoint_is_whole_or_the_one_before(folder, monkeypatch):
    """A full disk ends the run with a message, as for rows; one that cannot be read is none."""
    run = Run(folder)
    run.hears(film(10)[:4])
    states(run)
    run.turn(EVERY_S)
    work = run.jobs[0].work
    before = load(work)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint, "flush", full)
    with pytest.raises(Exception, match="No space left on device; --resume goes on"):
        run.turn(2 * EVERY_S)
    assert load(work) == before
    (work / "checkpoint").write_bytes(b"\x81")
    assert load(work) is None
