"""dashboard/recordings.py: recorders that viewers start, and what they have written."""

import json

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dashboard import recordings as room
from dashboard.opened import Opened
from dashboard.recordings import Recordings, routes
from tests.dashboard.made import source_status, status
from tests.dashboard.test_uploads import FakeRecorder


class Site:
    def __init__(self, tmp_path, *, faces_shown=True):
        self.now = 0.0
        opened = Opened()
        opened.hear(status("capture", sources=[source_status("cam0")]), 0.0)
        self.recordings = Recordings(tmp_path / "recordings", tmp_path / "logs", opened, faces_shown=faces_shown)
        app = FastAPI()
        app.include_router(routes(self.recordings, lambda: self.now))
        self.client = TestClient(app)

    def recording(self, method="post", source="cam0"):
        return getattr(self.client, method)(f"/api/sources/{source}/recording")

    def listed(self):
        self.recordings.tick()
        return self.client.get("/api/recordings").json()


@pytest.fixture
def site(tmp_path, monkeypatch):
    FakeRecorder.made.clear()
    monkeypatch.setattr(room, "Recorder", FakeRecorder)
    monkeypatch.setattr(room, "missing_recorder", lambda: None)
    return Site(tmp_path)


def write(site, source="cam0", at="20260101T000000Z", **facts):
    folder = site.recordings.root / source / f"{source}-{at}"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"source": source, "frames": 3, "faces": 2} | facts))
    (folder / "faces.parquet").write_bytes(b"PAR1")
    return folder


def test_a_source_is_recorded_until_it_is_told_to_stop(site):
    """Into a folder of its own."""
    answer = site.recording()
    assert (answer.status_code, answer.json()["folder"]) == (202, str(site.recordings.root / "cam0"))
    (recorder,) = FakeRecorder.made
    assert (recorder.source, recorder.out) == ("cam0", site.recordings.root / "cam0")
    site.now = 2.0
    assert site.listed()["running"] == [{"source": "cam0", "seconds": 2.0, "finishing": False}]
    assert site.recording().status_code == 409
    assert site.recording("delete").status_code == 202
    assert recorder.stopped
    assert site.listed()["running"][0]["finishing"]
    recorder.code = 0
    assert site.listed()["running"] == []
    assert site.recording("delete").status_code == 404


def test_a_recorder_that_dies_is_told(site):
    """Until the source is recorded again."""
    site.recording()
    FakeRecorder.made[0].code = 1
    assert site.listed()["failed"] == ["cam0 is not recorded any more: the disk is full."]
    site.recording()
    assert site.listed()["failed"] == []


def test_what_cannot_be_recorded(site, monkeypatch):
    """A source that is not there, and anything without the recorder."""
    assert site.recording(source="window").status_code == 404
    monkeypatch.setattr(room, "missing_recorder", lambda: "The recorder is not installed: make recorder")
    answer = site.recording()
    assert (answer.status_code, "make recorder" in answer.json()["detail"]) == (409, True)
    assert "make recorder" in site.listed()["missing"]


def test_finished_recordings_are_listed_and_given_out(site):
    """Only what they consist of, and nothing of what is in the making."""
    write(site)
    write(site, ".recording")
    (site.recordings.root / "cam0" / "cam0-broken").mkdir()
    (site.recordings.root / "cam0" / "cam0-broken" / "run.json").write_text("{")
    (found,) = site.listed()["finished"]
    assert (found["folder"], found["frames"]) == ("cam0-20260101T000000Z", 3)
    assert [one["name"] for one in found["files"]] == ["faces.parquet", "run.json"]
    answer = site.client.get("/api/recordings/cam0-20260101T000000Z/faces.parquet")
    assert (answer.status_code, answer.content) == (200, b"PAR1")
    assert "cam0-20260101T000000Z-faces.parquet" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    "path",
    ["cam0/run.json", "cam0-20260101T000000Z/other", "..%2Fcam0/run.json", "cam0-20260101T000000Z/..%2Fa"],
)
def test_nothing_else_is_given_out(site, path):
    """Names are looked up in the list, never joined to a path."""
    write(site)
    assert site.client.get(f"/api/recordings/{path}").status_code == 404


@pytest.mark.parametrize("faces_shown", [True, False])
def test_what_faces_are_seen_in_is_given_out_only_where_pictures_are(tmp_path, faces_shown):
    """A recording that was made by hand may have a film, and portraits in its report."""
    site = Site(tmp_path, faces_shown=faces_shown)
    folder = write(site)
    (folder / "annotated.mp4").write_bytes(b"film")
    (folder / "report.html").write_text('<img src="data:image/jpeg;base64,AA">')
    other = write(site, at="20260102T000000Z")
    (other / "report.html").write_text("<p>no portraits</p>")
    named = [{file["name"] for file in one["files"]} for one in site.listed()["finished"]]
    tables = {"faces.parquet", "run.json"}
    with_faces = {"annotated.mp4", "report.html"}
    assert named == [tables | {"report.html"}, tables | (with_faces if faces_shown else set())]
    paths = [f"/api/recordings/{folder.name}/{name}" for name in sorted(with_faces)]
    assert [site.client.get(path).status_code for path in paths] == [200 if faces_shown else 404] * 2


def test_one_that_is_gone_or_odd_hides_no_other(site):
    """Its folder is the user's, who may delete it or write into it at any time."""
    write(site)
    odd = write(site, at="20260102T000000Z")
    (odd / "run.json").write_text("[]")
    assert [one["folder"] for one in site.listed()["finished"]] == ["cam0-20260101T000000Z"]
    gone = site.recordings.root / "cam0" / "cam0-gone"
    site.recordings.folders = lambda: [gone, odd]
    assert site.listed()["finished"] == []
    assert site.client.get("/api/recordings/cam0-gone/run.json").status_code == 404


def test_at_the_end_all_are_told_to_finish(site, monkeypatch):
    """Those that take longer finish by themselves."""
    waited = []
    monkeypatch.setattr(FakeRecorder, "wait", lambda recorder, seconds: waited.append(seconds), raising=False)
    site.recording()
    site.recordings.close()
    assert FakeRecorder.made[0].stopped
    assert len(waited) == 1
