"""dashboard/wishes.py: what viewers ask for, behind the guard, and how it is called."""

import time
from pathlib import Path

import httpx
import pytest

from dashboard import upload
from dashboard.stage import Dashboard
from shared.control import PUSHED
from shared.identity import identify
from shared.settings import load_settings
from shared.stage import Place
from shared.topics import Envelope
from tests.dashboard.made import source_status, status

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def stage(tmp_path):
    settings = load_settings({"dashboard_port": 0, "dashboard_host": "127.0.0.1", "runtime_dir": tmp_path})
    stage = Dashboard(Place(settings, identify("dashboard"), tmp_path))
    yield stage
    stage.close()


@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", "/api/sources", b'{"source": "door", "spec": "demo"}'),
        ("DELETE", "/api/sources/door", b""),
        ("POST", "/api/uploads", b"GIF89a"),
        ("DELETE", "/api/uploads/upload-1", b""),
        ("POST", "/api/sources/still/recording", b""),
        ("DELETE", "/api/sources/still/recording", b""),
    ],
)
@pytest.mark.parametrize("headers", [{"Origin": "http://elsewhere.example"}, {"Host": "elsewhere.example"}], ids=str)
def test_other_pages_may_ask_for_nothing(stage, method, path, content, headers):
    """Their Origin gives them away, and a Host that is not ours."""
    answer = httpx.request(method, f"{stage.detail}{path}", content=content, headers=headers)
    assert answer.status_code in (400, 403)
    assert stage.tick(time.monotonic()) == []


def test_pages_are_served(stage):
    """With everything they load."""
    for page in ("/camera", "/recordings"):
        text = httpx.get(f"{stage.detail}{page}").text
        addresses = [part.split('"')[0] for start in ('src="/', 'href="/') for part in text.split(start)[1:]]
        assert len(addresses) > 6
        assert {httpx.get(f"{stage.detail}/{one.split('#')[0]}").status_code for one in addresses} == {200}


def test_what_viewers_bring_along_is_called_as_they_call_it(stage, monkeypatch):
    """Not by the paths of our folders."""
    monkeypatch.setattr(upload, "missing_recorder", lambda: "make recorder")
    wishes = stage._wishes
    with wishes._uploads.receive("Anna's film.mp4", 4, 0.0) as one:
        one.film.write_bytes(b"film")
    path = str(one.film)
    sources = [
        source_status(one.id, spec=path, error=f"{path} is damaged"),
        source_status("cam0"),
        source_status("browser-7", spec=PUSHED),
    ]
    heard = status("capture", sources=sources)
    stage.handle([Envelope("status", heard.process, heard)], time.monotonic())
    views = httpx.get(f"{stage.detail}/api/sources").json()
    assert [view["spec"] for view in views] == ["Anna's film.mp4", "0", PUSHED]
    assert views[0]["status"]["error"] == "Anna's film.mp4 is damaged"


def test_every_route_is_in_the_docs(stage):
    """And in the description that generators read."""
    paths = httpx.get(f"{stage.detail}/api/openapi.json").json()["paths"]
    assert {"/api/uploads/{number}/tables/{name}", "/api/sources/{source}/recording"} <= paths.keys()
    text = (ROOT / "docs/api.md").read_text()
    assert [path for path in paths if path.replace("{number}", "{id}") not in text] == []
