"""dashboard/uploading.py: uploads over HTTP."""

import asyncio
import io
import json
import shutil
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from PIL import Image

from dashboard import upload, uploading
from dashboard.opened import Opened
from dashboard.uploading import Reception, routes
from dashboard.uploads import Uploads
from tests.dashboard.made import face, result


def png(side=16):
    file = io.BytesIO()
    Image.effect_noise((side, side), 50).save(file, "PNG")
    return file.getvalue()


class Site:
    def __init__(self, tmp_path):
        self.uploads = Uploads(tmp_path, "dashboard-1", Opened(), 3600.0, 0.0)
        self.reception = Reception(self.uploads, 1, films_shown=True, confident=0.8, clock=lambda: 0.0)
        self.app = FastAPI()
        self.app.include_router(routes(self.reception))
        self.client = TestClient(self.app)

    def send(self, content, name="me.png", **headers):
        return self.client.post("/api/uploads", content=content, headers={"X-Filename": name, **headers})


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setattr(upload, "missing_recorder", lambda: "make recorder")
    site = Site(tmp_path)
    yield site
    site.uploads.close()


def test_a_file_is_kept_as_it_was_sent(site):
    """Named by us; what the viewer calls it is only shown."""
    content = png(300)
    answer = site.send(content, "..%2F..%2Fmy%20f%C3%ADlm%0A.png")
    assert answer.status_code == 201
    told = answer.json()
    assert (told["id"], told["name"], told["is_picture"]) == ("upload-1", "../../my fílm.png", True)
    assert site.uploads.find("upload-1").film.read_bytes() == content
    listed = site.client.get("/api/uploads").json()
    assert [one["source"] for one in listed["uploads"]] == ["upload-1"]
    assert site.client.get("/api/uploads/upload-1").json()["state"] == "opening"


def test_it_is_written_in_pieces(site, monkeypatch):
    """Never as a whole in memory."""
    sizes = []
    to_thread = asyncio.to_thread

    async def noting(write, piece):
        sizes.append(len(piece))
        await to_thread(write, piece)

    monkeypatch.setattr(asyncio, "to_thread", noting)
    monkeypatch.setattr(uploading, "_PIECE", 1000)
    content = png(200)

    async def body():
        for at in range(0, len(content), 700):
            yield content[at : at + 700]

    async def post():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(site.app), base_url="http://here") as client:
            return await client.post("/api/uploads", content=body(), headers={"Content-Length": str(len(content))})

    assert asyncio.run(post()).status_code == 201
    assert sum(sizes) == len(content)
    assert max(sizes) <= 1700


def test_no_viewer_waits_while_a_recorder_is_started(site, monkeypatch):
    """It is not started by the web server's loop."""
    begun = []

    def begin(*_):
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        begun.append(True)

    monkeypatch.setattr(upload.Upload, "begin", begin)
    assert site.send(png()).status_code == 201
    assert begun


@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (b"<html>", {}, 415, "neither a film nor a picture"),
        (b"", {}, 400, "empty"),
        (png(), {"Content-Length": "1048577"}, 413, "the limit is 1 (AFFECT_DASHBOARD_UPLOAD_MB)"),
        (png(), {"Content-Length": "1e3"}, 411, "Content-Length"),
        (png(), {"Content-Length": "9999"}, 400, "instead of 9999"),
    ],
)
def test_what_is_refused(site, content, headers, status, words):
    """With the reason, and nothing is left of it."""
    answer = site.send(content, **headers)
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert site.uploads.listed() == []
    assert list(site.uploads.folder.glob("*")) == []


def test_a_full_disk_is_told(site, monkeypatch):
    """Before anything is written."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: type("Usage", (), {"free": 256 << 20}))
    answer = site.send(png())
    assert (answer.status_code, "0 are free" in answer.json()["detail"]) == (507, True)


def test_uploads_at_once_are_limited(site):
    """Two in all, one of each visitor."""
    site.reception.senders += ["a", "b"]
    assert site.send(png()).status_code == 429
    site.reception.senders[:] = ["testclient"]
    assert site.send(png()).status_code == 429
    site.reception.senders[:] = ["a"]
    assert site.send(png()).status_code == 201
    assert site.reception.senders == ["a"]


def test_the_film_is_served_by_ranges(site):
    """A player seeks in it."""
    content = png()
    site.send(content)
    answer = site.client.get("/api/uploads/upload-1/media", headers={"Range": "bytes=4-7"})
    assert (answer.status_code, answer.content) == (206, content[4:8])
    assert answer.headers["content-type"] == "image/png"
    assert site.client.get("/api/uploads/upload-2/media").status_code == 404


def test_without_pictures_the_film_is_not_served(site, tmp_path):
    """Its results are."""
    app = FastAPI()
    app.include_router(routes(replace(site.reception, films_shown=False)))
    client = TestClient(app)
    site.send(png())
    assert client.get("/api/uploads/upload-1/media").status_code == 403
    assert client.get("/api/uploads").json()["films_shown"] is False
    assert client.get("/api/uploads/upload-1/timeline").status_code == 200


def test_results_are_told(site):
    """The timeline as a whole, rows for a stretch."""
    site.send(png())
    for seq in range(20):
        site.uploads.hear(result(seq, "upload-1", faces=(face(),)))
    timeline = site.client.get("/api/uploads/upload-1/timeline").json()
    assert (len(timeline["emotions"]), timeline["frames"], len(timeline["tracks"])) == (7, 20, 1)
    rows = site.client.get("/api/uploads/upload-1/rows?since=0.5&until=0.8").json()
    assert [row["seq"] for row in rows] == [5, 6, 7]
    assert len(json.loads(site.client.get("/api/uploads/upload-1/rows").content)) == 20


def test_tables_are_taken_home(site):
    """As files with names of their own."""
    site.send(png())
    folder = site.uploads.find("upload-1").folder / "tables" / "upload-1-x"
    folder.mkdir(parents=True)
    (folder / "faces.csv").write_text("source\n")
    answer = site.client.get("/api/uploads/upload-1/tables/faces.csv")
    assert (answer.status_code, answer.text) == (200, "source\n")
    assert 'filename="upload-1-faces.csv"' in answer.headers["content-disposition"]
    for name in ("tracks.csv", "film", "..%2F..%2Ffilm"):
        assert site.client.get(f"/api/uploads/upload-1/tables/{name}").status_code == 404


def test_it_can_be_deleted(site):
    """Once."""
    site.send(png())
    assert site.client.delete("/api/uploads/upload-1").status_code == 204
    assert site.client.delete("/api/uploads/upload-1").status_code == 404
    assert list(site.uploads.folder.glob("*")) == []
