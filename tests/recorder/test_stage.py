"""The recorder's stage and its jobs, with captures that are not there."""

import json

import pyarrow.parquet as pq
import pytest
from msgspec import structs

from recorder.jobs import WORK
from shared.errors import ConfigurationError
from tests.recorder.called import SETTINGS, Capture, Run, folder
from tests.recorder.made import film

__all__ = ["folder"]


def whole(folder, **how) -> Run:
    run = Run(folder, **how)
    run.hears(film(10))
    run.ends()
    return run


def test_rows_are_acknowledged_once_they_are_written(folder):
    """Up to where all are there; also again, if the acknowledgement was lost."""
    run, rows = Run(folder), film(10)
    assert run.hears([rows[0], rows[1], rows[3]]) == [("clip", 1)]
    assert run.hears([rows[0]]) == [("clip", 1)]
    assert run.hears([rows[2]]) == [("clip", 3)]
    assert run.hears([rows[5]]) == [("clip", 3)]


def test_a_recording_appears_as_a_whole(folder):
    """Its folder is not there before its last byte is."""
    run = Run(folder)
    run.hears(film(10))
    assert [path.name for path in (folder / "out").iterdir()] == [WORK]
    run.ends()
    assert run.stage.finished
    assert sorted(path.name for path in (folder / "out" / "clip").iterdir()) == [
        "faces.parquet", "frames.parquet", "run.json"
    ]  # fmt: skip
    said = json.loads((folder / "out" / "clip" / "run.json").read_text())
    assert (said["frames"], said["faces"], said["tracks"], said["size"]) == (10, 10, 1, [640, 360])
    assert (said["input"]["bytes"], said["settings"], said["warnings"]) == (6, SETTINGS, [])
    assert not run.jobs[0].work.exists()


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_killed_recording_gives_the_same_tables(folder, goes_on):
    """Whether the pipeline's states are there, from which it goes on, or it begins again."""
    first = Run(folder)
    first.hears(film(10)[:6])
    assert Run(folder).jobs[0].state == "failed", "neither --resume nor --overwrite"
    second = Run(folder, resume=True, goes_on=goes_on)
    assert second.captures.forgotten == ([] if goes_on else ["clip"])
    second.hears(film(10)[4 if goes_on else 0 :])
    second.ends()
    assert pq.read_table(folder / "out" / "clip" / "frames.parquet").column("seq").to_pylist() == list(range(10))


def test_a_recording_killed_while_its_tables_are_made_needs_no_capture(folder):
    """Everything is there."""
    first = Run(folder)
    first.hears(film(10))
    second = Run(folder, resume=True)
    second.captures.started["clip"] = Capture()
    second.ends()
    assert second.jobs[0].state == "done"


def test_what_is_there_is_kept_or_replaced_as_asked(folder):
    """And never silently."""
    whole(folder)
    before = (folder / "out" / "clip" / "run.json").stat().st_mtime_ns
    assert "exists" in Run(folder).jobs[0].error
    assert Run(folder, resume=True).jobs[0].state == "kept"
    assert (folder / "out" / "clip" / "run.json").stat().st_mtime_ns == before
    other = Run(folder, resume=True, settings=SETTINGS | {"min_face_size": 20})
    assert "has other settings (min_face_size 20, was 40)" in other.jobs[0].error
    assert whole(folder, overwrite=True).jobs[0].state == "done"
    assert (folder / "out" / "clip" / "run.json").stat().st_mtime_ns != before


def test_a_folder_that_is_no_recording_is_never_replaced(folder):
    """It may be somebody's only copy of something."""
    (folder / "out" / "clip").mkdir(parents=True)
    assert "is in the way" in Run(folder, overwrite=True).jobs[0].error


@pytest.mark.parametrize("changed", ["model", "version", "boot"])
def test_half_of_another_make_begins_again(folder, changed):
    """Of another model or version rows would differ, and the pipeline's states do not outlast a power cut."""
    Run(folder).hears(film(10)[:6])
    begun = folder / "out" / WORK / "clip" / "begun.json"
    said = json.loads(begun.read_text())
    begun.write_text(json.dumps(said | {changed: "another"}))
    again = Run(folder, resume=True, goes_on=True).jobs[0]
    assert (again.state, again.recording.journal.frames) == ("running", 0)


def test_another_film_or_other_settings_are_not_gone_on_with(folder):
    """Half of one and half of another would be in one table."""
    first = Run(folder)
    first.hears(film(10)[:6])
    other = Run(folder, resume=True, goes_on=True, settings=SETTINGS | {"min_face_size": 20})
    assert "min_face_size 20, was 40" in other.jobs[0].error
    (folder / "clip.mp4").write_bytes(b"another film")
    assert "another content" in Run(folder, resume=True, goes_on=True).jobs[0].error


def test_a_film_that_grows_while_it_is_read_is_not_recorded(folder):
    """Its tables would be those of no file."""
    run = Run(folder)
    run.hears(film(10))
    (folder / "clip.mp4").write_bytes(b"a film, and more")
    run.ends()
    assert "changed while it was read (6 bytes, then 16)" in run.jobs[0].error
    assert not run.jobs[0].target.exists()


def test_one_bad_file_stops_nothing(folder):
    """Two at once; the next begins when one ends, well or not."""
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_bytes(b"x")
    run = Run(folder)
    assert list(run.captures.started) == ["a", "b"]
    run.ends("a", ConfigurationError.exit_code, "a.mp4: is not a video")
    assert list(run.captures.started) == ["a", "b", "clip"]
    assert (run.jobs[0].state, run.jobs[0].error) == ("failed", "a.mp4: is not a video")
    assert not run.jobs[0].work.exists(), "there is nothing to go on with"
    run.ends("b", 137, "it crashed")
    assert run.jobs[1].error == "it crashed"
    assert run.jobs[1].work.exists()
    run.hears(film(10))
    run.ends()
    assert run.stage.finished
    assert [job.state for job in run.jobs] == ["failed", "failed", "done"]


def test_the_next_capture_starts_before_one_ends(folder, monkeypatch):
    """By about the time that it needs to start; only where it is known when that is."""
    for name in ("a.mp4", "b.mp4", "d.mp4"):
        (folder / name).write_bytes(b"x")
    monkeypatch.setattr("recorder.stage.frames_in", lambda clip: {"a": 100, "b": 0}.get(clip.source, 100))
    run = Run(folder)
    for frames, started in (slice(0, 60), ["a", "b"]), (slice(60, 70), ["a", "b", "clip"]):
        run.hears([structs.replace(one, source=name) for one in film(100)[frames] for name in ("a", "b")], now=5.0)
        run.turn(5.0 + 6.0)  # 40 frames are left, and then 30, at 10 and 12 a second
        assert list(run.captures.started) == started
    run.turn(11.0)
    assert list(run.captures.started) == ["a", "b", "clip"], "one for one"


def test_the_first_results_say_nothing_about_the_pace(folder, monkeypatch):
    """They come in a burst."""
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_bytes(b"x")
    monkeypatch.setattr("recorder.stage.frames_in", lambda _: 100)
    run = Run(folder)
    run.hears([structs.replace(one, source=name) for one in film(100)[:60] for name in ("a", "b")], now=5.0)
    run.turn(5.1)
    assert list(run.captures.started) == ["a", "b"]


def test_a_capture_that_ends_before_its_film_does_makes_no_table(folder):
    """What is not whole is not there."""
    run = Run(folder)
    run.hears(film(10)[:5])
    run.ends()
    assert "its end is missing" in run.jobs[0].error
    assert not run.jobs[0].target.exists()


def test_warnings_of_the_capture_are_in_the_run(folder):
    """Each once, with the frames it had to give up."""
    run = Run(folder)
    lines: list[dict[str, object]] = [{"event": "source read with faults", "fault": "cut"}] * 2
    lines += [{"event": "frame given up", "seq": 3, "reason": "failed"}, {"event": "source open"}]
    run.captures.log_of("clip").write_text("\n".join(["no json", *map(json.dumps, lines)]))
    run.hears(film(10))
    run.ends()
    assert run.jobs[0].run["warnings"] == ["cut", "frame 3 could not be analysed (failed)"]


def test_a_full_disk_ends_it_and_can_be_gone_on_from(folder, monkeypatch):
    """With one message that says so."""
    run = Run(folder)

    def full(_):
        raise OSError(28, "No space left on device")

    assert run.jobs[0].recording
    monkeypatch.setattr(run.jobs[0].recording.journal, "append", full)
    with pytest.raises(ConfigurationError, match="No space left on device; --resume goes on"):
        run.hears(film(10))


def test_what_is_written_outlasts_a_capture_that_gives_up(folder):
    """As on a full disk: there is something to go on with."""
    run = Run(folder)
    run.hears(film(10)[:5])
    run.ends(code=ConfigurationError.exit_code, words="where it is cannot be written")
    assert run.jobs[0].state == "failed"
    assert Run(folder, resume=True, goes_on=True).jobs[0].recording.journal.frames == 5


def test_what_cannot_be_derived_is_a_warning(folder):
    """The tables are complete without it."""
    run = Run(folder)
    run.refuses = True
    run.hears(film(10))
    run.ends()
    assert run.derived == [folder / "clip.mp4"]
    assert run.jobs[0].state == "done"
    content = json.loads((folder / "out" / "clip" / "run.json").read_text())
    assert content["warnings"][-1] == "the film cannot be read"
