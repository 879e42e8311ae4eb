"""dashboard/opening.py: sources over HTTP."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dashboard.opened import Opened
from dashboard.opening import routes
from shared.control import Opening
from tests.dashboard.made import source_status, status


@pytest.fixture
def opened():
    opened = Opened()
    sources = [source_status("cam0"), source_status("door", added=True)]
    opened.hear(status("capture", sources=sources), 0.0)
    return opened


@pytest.fixture
def client(opened, tmp_path):
    app = FastAPI()
    app.include_router(routes(opened, tmp_path, lambda: 0.0))
    return TestClient(app)


def ask(client, source="new", spec="demo", **further):
    return client.post("/api/sources", json={"source": source, "spec": spec, **further})


def test_a_source_is_asked_for(client, opened):
    """Whether it can be opened turns out later."""
    answer = ask(client, spec="rtsp://camera/stream", mode="live")
    assert (answer.status_code, answer.json()) == (202, {"source": "new"})
    (control,) = opened.due(0.0)
    assert control.opening == Opening(spec="rtsp://camera/stream", mode="live", at_end="loop")


def test_a_file_is_one_of_the_folder(client, opened, tmp_path):
    """The capture gets its whole path."""
    (tmp_path / "film.mp4").touch()
    assert ask(client, spec="film.mp4", mode="replay", at_end="hold").status_code == 202
    assert opened.due(0.0)[0].opening.spec == str(tmp_path.resolve() / "film.mp4")
    assert ask(client, "other", "/etc/passwd").status_code == 403


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"source": "cam0"}, 409),
        ({"source": "Door!"}, 422),
        ({"source": "x" * 33}, 422),
        ({"spec": "pushed"}, 403),
        ({"spec": ""}, 422),
        ({"mode": "fast"}, 422),
        ({"at_end": "exit"}, 422),
    ],
)
def test_what_is_refused(client, opened, asked, status):
    """With the reason in words, and nothing is said to the capture."""
    answer = ask(client, **asked)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert opened.due(0.0) == []


def test_without_a_capture_nobody_could_open_it(client):
    """Said at once instead of waiting for ever."""
    app = FastAPI()
    app.include_router(routes(Opened(), None, lambda: 0.0))
    answer = ask(TestClient(app))
    assert (answer.status_code, answer.json()["detail"][:19]) == (503, "No capture is ready")


def test_what_was_opened_is_closed(client, opened):
    """What was given at the start is not, and what is not there cannot be."""
    assert client.delete("/api/sources/door").status_code == 202
    assert [(one.source, one.opening) for one in opened.due(0.0)] == [("door", None)]
    assert client.delete("/api/sources/cam0").status_code == 409
    assert client.delete("/api/sources/window").status_code == 404
