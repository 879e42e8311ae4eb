"""dashboard/uploads.py: from the last byte to the tables, and what is left of them: nothing."""

import errno
import os
import threading
from typing import ClassVar

import msgspec
import pytest

from dashboard import upload as room
from dashboard.opened import Opened, RefusedError
from dashboard.uploads import Uploads
from shared import locks
from shared.control import Opening
from tests.dashboard.desk import eventually
from tests.dashboard.made import face, result, source_status, status


class FakeRecorder:
    """Runs until it is told otherwise."""

    made: "ClassVar[list[FakeRecorder]]" = []  # noqa: RUF012 — it is one

    def __init__(self, source, out, log, options=()):
        self.source, self.out, self.options, self.code, self.killed = source, out, options, None, False
        self.stopped = False
        FakeRecorder.made.append(self)

    def ended(self):
        return self.code

    def stop(self):
        self.stopped = True

    def kill(self):
        self.killed = True

    def wait(self, seconds):
        pass

    def last_words(self):
        return "the disk is full"

    def close(self):
        pass

    def write(self):
        folder = self.out / f"{self.source}-20260101T000000Z"
        folder.mkdir(parents=True)
        for name in ("faces.parquet", "run.json", "faces.csv"):
            (folder / name).write_text(name)
        self.code = 0


@pytest.fixture(autouse=True)
def recorder(monkeypatch):
    """The recorder is installed, and none is started."""
    FakeRecorder.made.clear()
    monkeypatch.setattr(room, "Recorder", FakeRecorder)
    monkeypatch.setattr(room, "missing_recorder", lambda: None)


@pytest.fixture
def opened():
    opened = Opened()
    opened.hear(status("capture"), 0.0)
    return opened


@pytest.fixture
def uploads(tmp_path, opened):
    uploads = Uploads(tmp_path, "dashboard-1", opened, 3600.0, 0.0)
    yield uploads
    uploads.close()


def upload(uploads, now=0.0, name="Anna's film.mp4"):
    with uploads.receive(name, 4, now) as one:
        one.film.write_bytes(b"film")
    return one


def capture(opened, now, state="running", **further):
    opened.hear(status("capture", sources=[source_status("upload-1", state, added=True, **further)]), now)


def test_an_upload_is_replayed_and_recorded(uploads, opened):
    """Every frame counts once its row is on disk, and at the end the source holds."""
    one = upload(uploads)
    (control,) = opened.due(0.0)
    assert (control.source, control.opening.mode, control.opening.at_end) == ("upload-1", "replay", "hold")
    assert (control.opening.spec, control.opening.ack) == (str(one.film), "recorder")
    assert (FakeRecorder.made[0].source, FakeRecorder.made[0].options) == ("upload-1", ["--csv"])
    assert (one.facts()["name"], one.facts()["state"]) == ("Anna's film.mp4", "opening")


def test_it_is_done_once_its_tables_are_there(uploads, opened):
    """Then its source is closed: its results stay here."""
    one = upload(uploads)
    opened.due(0.0)
    capture(opened, 1.0)
    uploads.tick(1.0)
    assert one.state == "running"
    uploads.hear(result(0, "upload-1", faces=(face(),)))
    uploads.hear(msgspec.structs.replace(result(1, "upload-1"), end=True))
    uploads.hear(result(1, "cam0"))
    uploads.tick(1.2)
    assert (one.state, one.facts()["frames"], one.facts()["tables"]) == ("finishing", 2, [])
    FakeRecorder.made[0].write()
    uploads.tick(1.4)
    assert (one.state, one.facts()["tables"]) == ("done", ["faces.parquet", "faces.csv", "run.json"])
    assert one.table("faces.parquet").read_text() == "faces.parquet"
    assert [(control.source, control.opening) for control in opened.due(1.4)] == [("upload-1", None)]


@pytest.mark.parametrize("name", ["tracks.csv", "../../film", "film", "recorder.log", ""])
def test_only_tables_that_are_there_are_given_out(uploads, name):
    """By a fixed list of names."""
    one = upload(uploads)
    FakeRecorder.made[0].write()
    assert one.table(name) is None


def test_without_the_recorder_results_are_kept_for_the_page_alone(uploads, opened, monkeypatch):
    """Frames are acknowledged by the smoother; it is done when the source holds."""
    monkeypatch.setattr(room, "missing_recorder", lambda: "make recorder")
    one = upload(uploads)
    assert opened.due(0.0)[0].opening.ack == "smoother"
    capture(opened, 1.0)
    uploads.hear(result(0, "upload-1"))
    uploads.tick(1.0)
    assert one.state == "running"
    capture(opened, 2.0, "holding", unfinished=0)
    uploads.tick(2.0)
    assert (one.state, one.facts()["tables"]) == ("done", [])


def test_a_file_that_is_no_film_is_refused_by_the_capture(uploads, opened):
    """In its words, without our path; the recorder ends and the source is closed."""
    one = upload(uploads)
    opened.due(0.0)
    capture(opened, 1.0, "refused", error=f"{one.film}: is not a video")
    uploads.tick(1.0)
    assert (one.state, one.error) == ("failed", "It could not be replayed: Anna's film.mp4: is not a video.")
    assert FakeRecorder.made[0].killed
    assert opened.due(1.0)[0].opening is None


def test_a_recorder_that_dies_ends_it(uploads, opened):
    """Else the capture would wait for acknowledgements for ever."""
    one = upload(uploads)
    capture(opened, 1.0)
    FakeRecorder.made[0].code = 1
    uploads.tick(1.0)
    assert (one.state, one.error) == ("failed", "It could not be recorded: the disk is full.")


def test_a_recorder_that_waits_for_a_frame_that_never_comes_is_stopped(uploads, opened):
    """It makes tables of what it has."""
    one = upload(uploads)
    capture(opened, 1.0, "holding", unfinished=0)
    uploads.tick(1.0)
    assert (one.state, FakeRecorder.made[0].stopped) == ("finishing", False)
    uploads.tick(20.0)
    assert FakeRecorder.made[0].stopped


def test_deleting_removes_everything(uploads, opened):
    """Film, results and tables, also while it runs."""
    one = upload(uploads)
    assert uploads.delete("upload-1", 1.0)
    assert not one.folder.exists()
    assert FakeRecorder.made[0].killed
    assert opened.wanted() == []
    assert not uploads.delete("upload-1", 1.0)
    assert uploads.find("upload-1") is None


def test_uploads_are_deleted_after_some_hours(uploads, opened):
    """Whoever forgets theirs is not remembered."""
    one = upload(uploads)
    one.fail("for a reason")
    uploads.tick(3600.0)
    assert one.folder.exists()
    uploads.tick(3601.0)
    eventually(lambda: not one.folder.exists())


def test_one_that_never_runs_is_deleted_as_well(uploads, opened):
    """No capture came, or it stands still: its film is no less somebody's."""
    one = upload(uploads)
    uploads.tick(3601.0)
    eventually(lambda: not one.folder.exists())
    assert opened.wanted() == []


def test_whoever_closes_its_source_ends_it(uploads, opened, monkeypatch):
    """Tables are made of what there is; without a recorder it is done at once."""
    one = upload(uploads)
    opened.close("upload-1", 1.0)
    uploads.tick(1.0)
    assert one.state == "finishing"
    uploads.tick(20.0)
    assert FakeRecorder.made[0].stopped
    monkeypatch.setattr(room, "missing_recorder", lambda: "make recorder")
    other = upload(uploads)
    opened.close(other.id, 21.0)
    uploads.tick(21.0)
    assert other.state == "done"


def test_on_a_full_disk_its_source_is_closed_too(uploads, opened, monkeypatch):
    """Nobody would look at further results."""
    one = upload(uploads)
    monkeypatch.setattr(one.journal, "add", full)
    uploads.hear(result(0, "upload-1"))
    assert one.error == "Its results could not be kept: No space left on device."
    uploads.tick(1.0)
    assert opened.wanted() == []
    opened.due(9.0)
    opened.want("upload-1", Opening(spec="demo"), 9.0)
    uploads.tick(9.0)
    assert uploads.delete("upload-1", 9.0)
    assert opened.wanted() == ["upload-1"], "that is another's"


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_one_that_cannot_begin_leaves_nothing(uploads, monkeypatch):
    """The next finds its place free."""
    with monkeypatch.context() as patched:
        patched.setattr(room, "Journal", full)
        with pytest.raises(OSError, match="No space"):
            upload(uploads)
    assert upload(uploads).id == "upload-1"


def test_nobody_waits_for_a_deletion(uploads, monkeypatch):
    """The stage passes results on while a recorder dies and a long film is deleted; viewers see it no more."""
    upload(uploads)

    def wait(recorder, seconds):
        hearing = threading.Thread(target=uploads.hear, args=(result(0, "upload-1"),), daemon=True)
        hearing.start()
        hearing.join(10)
        assert not hearing.is_alive()
        assert uploads.find("upload-1") is None
        assert upload(uploads).id == "upload-2"

    with monkeypatch.context() as patched:
        patched.setattr(FakeRecorder, "wait", wait)
        assert uploads.delete("upload-1", 1.0)


def test_an_upload_that_does_not_arrive_leaves_nothing(uploads, opened):
    """And its name is free again."""
    receiving = uploads.receive("a", 4, 0.0)
    one = receiving.__enter__()
    one.film.write_bytes(b"fi")
    assert uploads.listed() == []
    assert uploads.find("upload-1") is None
    assert not receiving.__exit__(TimeoutError, TimeoutError(), None)
    assert not one.folder.exists()
    assert upload(uploads).id == "upload-1"


def test_a_limited_number_is_kept(uploads):
    """Disks are finite."""
    for _ in range(8):
        upload(uploads)
    with pytest.raises(RefusedError, match="8 uploads"):
        upload(uploads)


def test_a_disk_that_is_full_refuses_uploads_alone(tmp_path, opened):
    """The dashboard runs without them."""
    (tmp_path / "no folder").touch()
    uploads = Uploads(tmp_path / "no folder", "dashboard-1", opened, 3600.0, 0.0)
    with pytest.raises(OSError, match="no folder"):
        upload(uploads)
    assert uploads.listed() == []
    uploads.close()


def test_the_end_of_the_dashboard_deletes_all(tmp_path, opened):
    """Nothing is left of it, not even an empty folder."""
    uploads = Uploads(tmp_path, "dashboard-1", opened, 3600.0, 0.0)
    upload(uploads)
    uploads.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_dashboard_left_is_deleted(tmp_path, opened):
    """With the sources it had opened; what a running one has stays."""
    for owner in ("dashboard-killed", "dashboard-alive"):
        (tmp_path / owner / "upload-7").mkdir(parents=True)
    held = locks.take(tmp_path, "dashboard-alive", "")
    uploads = Uploads(tmp_path, "dashboard-1", opened, 3600.0, 0.0)
    assert {path.name for path in tmp_path.glob("*/")} == {"dashboard-alive"}
    capture(opened, 1.0)
    assert opened.due(1.0) == []
    opened.hear(status("capture", sources=[source_status("upload-7", added=True)]), 1.0)
    assert [(one.source, one.opening) for one in opened.due(2.0)] == [("upload-7", None)]
    uploads.close()
    held.release()
