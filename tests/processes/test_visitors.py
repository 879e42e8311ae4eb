"""What viewers ask of a running pipeline through the dashboard, without a browser."""

import itertools
import json
import signal
import time
import urllib.error
import urllib.request

import cv2
import psutil
import pyarrow.parquet as pq
import pytest
from websockets.sync.client import connect

from capture.demo import demo_frame
from tests.processes.harness import eventually, write_video

pytestmark = [pytest.mark.processes]


def ask(url, method="GET", content=None, **headers):
    """(status, JSON or bytes) of a request."""
    body = json.dumps(content).encode() if isinstance(content, dict) else content
    kind = {"Content-Type": "application/json"} if isinstance(content, dict) else {}
    request = urllib.request.Request(url, body, kind | headers, method=method)  # noqa: S310 — our own address
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            status, said = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, said = error.code, error.read()
    try:
        return status, json.loads(said)
    except ValueError:
        return status, said


def address(run):
    """Of the dashboard that runs now."""
    alive = eventually(lambda: [one for one in run.listener.live("dashboard") if one["detail"]], "a dashboard")
    return max(alive, key=lambda status: status["started_ns"])["detail"]


def states(run):
    """The states of all sources."""
    return {source["source"]: source["state"] for one in run.listener.live("capture") for source in one["sources"]}


@pytest.fixture
def run(pipeline, tmp_path):
    """A pipeline whose own source is over soon, so that there is room for others."""
    still = write_video(tmp_path / "still.mp4", 3)
    folders = {"dashboard_recordings": tmp_path / "kept", "dashboard_media": tmp_path}
    return pipeline(capture_source=still, capture_at_end="hold", **folders).start().ready()


def test_a_source_is_opened_and_closed(run):
    """Its results are on the bus like any other's; after a restart of the capture it is opened again."""
    url = address(run)
    assert ask(f"{url}/api/sources", "POST", {"source": "door", "spec": "demo"}) == (202, {"source": "door"})
    eventually(lambda: any(row["source"] == "door" and row["faces"] for row in run.listener.results()), "a face")
    assert ask(f"{url}/api/sources", "POST", {"source": "door", "spec": "demo"})[0] == 409
    before = run.kill("capture")
    eventually(lambda: run.pid("capture") != before and states(run).get("door") == "running", "the source again")
    assert ask(f"{url}/api/sources/door", "DELETE")[0] == 202
    eventually(lambda: states(run) and "door" not in states(run), "the end of the source")
    assert ask(f"{url}/api/sources/still", "DELETE")[0] == 409


def test_a_source_that_cannot_be_opened_says_why(run, tmp_path):
    """Until it is closed."""
    url = address(run)
    (tmp_path / "notes.mp4").write_text("no film")
    assert ask(f"{url}/api/sources", "POST", {"source": "notes", "spec": "notes.mp4"})[0] == 202
    eventually(lambda: states(run).get("notes") == "refused", lambda: f"a refusal: {states(run)}")
    (notes,) = (one for one in ask(f"{url}/api/sources")[1] if one["source"] == "notes")
    assert "notes.mp4" in notes["words"]
    ask(f"{url}/api/sources/notes", "DELETE")
    eventually(lambda: "notes" not in states(run), "its end")


@pytest.mark.parametrize("how", [signal.SIGKILL, None], ids=["killed", "stopped"])
def test_a_recording_is_whole_however_it_ends(run, tmp_path, how):
    """Told to stop, or because the dashboard was killed: the recorder makes its tables and ends."""
    url = address(run)
    ask(f"{url}/api/sources", "POST", {"source": "door", "spec": "demo"})
    eventually(lambda: "door" in states(run), "the source")
    assert ask(f"{url}/api/sources/door/recording", "POST")[0] == 202
    (recorder,) = eventually(lambda: run.listener.live("recorder"), "a recorder")
    eventually(lambda: recorder_frames(run) > 20, "frames")
    if how:
        run.kill("dashboard", how)
    else:
        assert ask(f"{url}/api/sources/door/recording", "DELETE")[0] == 202
    eventually(lambda: not psutil.pid_exists(recorder["pid"]) or is_over(recorder["pid"]), "the recorder's end")
    (folder,) = (tmp_path / "kept" / "door").glob("door-*")
    assert pq.read_table(folder / "frames.parquet").num_rows > 20
    url = address(run)
    (listed,) = eventually(lambda: ask(f"{url}/api/recordings")[1]["finished"], "the recording in the list")
    assert {"faces.parquet", "tracks.csv", "report.html"} <= {one["name"] for one in listed["files"]}
    status, table = ask(f"{url}/api/recordings/{listed['folder']}/faces.parquet")
    assert (status, table) == (200, (folder / "faces.parquet").read_bytes())


def recorder_frames(run):
    return max((one["counters"].get("in", 0) for one in run.listener.live("recorder")), default=0)


def is_over(pid):
    """Whether it has ended and nobody has waited for it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_an_upload_is_replayed_recorded_and_deleted(run, tmp_path):
    """Every frame of it, once."""
    url = address(run)
    film = write_video(tmp_path / "film.mp4", 40)
    status, upload = ask(f"{url}/api/uploads", "POST", film.read_bytes(), **{"X-Filename": "my%20film.mp4"})
    assert (status, upload["id"], upload["name"]) == (201, "upload-1", "my film.mp4")
    done = eventually(
        lambda: (said := ask(f"{url}/api/uploads/upload-1")[1])["state"] in ("done", "failed") and said, "its end"
    )
    assert (done["error"], done["frames"], done["missing"]) == (None, 40, 0)
    rows = ask(f"{url}/api/uploads/upload-1/rows")[1]
    assert [row["seq"] for row in rows] == list(range(40))
    assert rows[-1]["faces"][0]["label"] == "happy"
    (tmp_path / "frames.parquet").write_bytes(ask(f"{url}/api/uploads/upload-1/tables/frames.parquet")[1])
    assert pq.read_table(tmp_path / "frames.parquet").column("seq").to_pylist() == list(range(40))
    assert ask(f"{url}/api/uploads/upload-1/media")[1] == film.read_bytes()
    eventually(lambda: "upload-1" not in states(run), "the end of the source")
    assert ask(f"{url}/api/uploads/upload-1", "DELETE")[0] == 204
    assert not list((run.runtime_dir / "dashboard").glob("*/upload-1"))


def test_what_is_no_film_is_refused_by_the_capture(run):
    """It begins like one, which is all that the dashboard looks at."""
    url = address(run)
    assert ask(f"{url}/api/uploads", "POST", b"\x1a\x45\xdf\xa3" + bytes(5000))[0] == 201
    said = eventually(lambda: (one := ask(f"{url}/api/uploads/upload-1")[1])["state"] == "failed" and one, "a refusal")
    assert "could not be replayed" in said["error"]


def test_a_killed_dashboard_leaves_no_uploads(run, tmp_path):
    """The next one deletes them, and has their sources closed."""
    film = write_video(tmp_path / "film.mp4", 400)
    ask(f"{address(run)}/api/uploads", "POST", film.read_bytes())
    eventually(lambda: states(run).get("upload-1") == "running", "the replay")
    (left,) = (run.runtime_dir / "dashboard").glob("*/upload-1")
    run.kill("dashboard")
    eventually(lambda: not left.exists(), "the film's end")
    eventually(lambda: states(run) and "upload-1" not in states(run), "the source's end")


def test_visitors_cameras_get_their_results_back(run):
    """Each its own, also after the capture was killed; they end with their connections."""
    pictures = [cv2.imencode(".jpg", demo_frame(number, (640, 360)))[1].tobytes() for number in range(0, 60, 3)]
    feed = address(run).replace("http", "ws", 1) + "/camera/feed"
    with connect(feed) as first, connect(feed) as second:
        names = [begin(socket) for socket in (first, second)]
        assert names == ["browser-1", "browser-2"]
        assert {send_until_a_face(socket, pictures) for socket in (first, second)} == set(names)
        before = run.kill("capture")
        eventually(lambda: run.pid("capture") != before and states(run).get("browser-1"), "the source again")
        assert send_until_a_face(first, pictures) == "browser-1"
    eventually(lambda: states(run) and not any(name in states(run) for name in names), "their end")


def begin(socket):
    socket.send(json.dumps({"name": "Anna"}))
    return json.loads(socket.recv(timeout=30))["source"]


def send_until_a_face(socket, pictures):
    """Send one picture after the other, each when the one before has been answered; the source of the first face."""
    until = time.monotonic() + 60
    numbers = itertools.count(1)
    while time.monotonic() < until:
        number = next(numbers)
        socket.send(number.to_bytes(4, "big") + pictures[number % len(pictures)])
        while "number" not in (said := json.loads(socket.recv(timeout=30))):
            pass
        assert said["number"] == number
        if said["result"] and said["result"]["faces"]:
            return said["result"]["source"]
    raise AssertionError("no face came back")
