"""Sources that are opened and closed in a running pipeline, by messages as any client can send them."""

import time

import cv2
import msgpack
import pytest

from capture.demo import demo_frame
from tests.processes.harness import eventually

pytestmark = [pytest.mark.processes]


class Desk:
    """Says what a dashboard says, each second until it is done, and looks at what the capture reports."""

    def __init__(self, one):
        self._one = one
        self._speaker = one.listener.speaker()

    def say(self, topic, **message):
        self._speaker.send_multipart([f"{topic}/".encode(), msgpack.packb({"v": 1, **message})])

    def capture(self):
        """What the capture says now; of a killed one and its successor, what that one says."""
        return max(self._one.listener.live("capture"), key=lambda said: said["started_ns"], default=None)

    def rows(self):
        """The capture's sources by name, as it reports them now."""
        capture = self.capture()
        return {row["source"]: row for row in capture["sources"]} if capture else {}

    def control(self, source, opening, done):
        """Repeat a request until `done` holds of the source's row, None if there is none."""
        said_at = float("-inf")

        def met():
            nonlocal said_at
            capture = self.capture()
            if capture and time.monotonic() - said_at > 1:
                said_at = time.monotonic()
                process = capture["process"]
                self.say(f"control/{process}", process=process, source=source, opening=opening)
            return capture and done(self.rows().get(source))

        eventually(met, lambda: f"{source}: {self.rows().get(source)}\n{self._one.tail()}")
        return self.rows().get(source)

    def feed(self, source, stamp):
        """Push one picture of the demo."""
        jpeg = cv2.imencode(".jpg", demo_frame(stamp % 60, (320, 180)))[1].tobytes()
        self.say(f"camera/{source}", source=source, captured_ns=stamp, jpeg=jpeg)


def is_in(*states):
    return lambda row: row is not None and row["state"] in states


def results(one, source):
    return [row for row in one.listener.results() if row["source"] == source]


def test_sources_come_and_go_in_a_running_pipeline(pipeline, recording):
    """A demo, a film, pushed pictures and a file that is not there, beside a source that goes on all the while."""
    one = pipeline(capture_source="cam=demo").start().ready()
    desk = Desk(one)

    desk.control("show", {"spec": "demo"}, is_in("running"))
    first = eventually(lambda: results(one, "show"), "a result of the demo")[0]
    assert (first["seq"], first["complete"], first["live"]) == (0, True, True)

    desk.control("film", {"spec": str(recording), "mode": "replay"}, is_in("holding"))
    assert [row["seq"] for row in results(one, "film")] == list(range(90))
    assert all(row["complete"] for row in results(one, "film"))

    row = desk.control("lost", {"spec": "/nowhere/film.mp4"}, is_in("refused"))
    assert "/nowhere/film.mp4" in row["error"]

    desk.control("phone", {"spec": "pushed"}, is_in("running"))
    stamps = iter(range(10**18, 10**18 + 10**6))

    def answered():
        desk.feed("phone", next(stamps))
        time.sleep(0.05)
        return any(face["label"] for row in results(one, "phone") for face in row["faces"])

    eventually(answered, lambda: f"a face that was pushed {desk.rows()}\n{one.tail()}")
    assert all(row["captured_ns"] < next(stamps) for row in results(one, "phone") if not row["end"])
    assert results(one, "phone")[0]["pts"] == 0

    opened = {"show", "film", "lost", "phone"}
    assert {name for name, row in desk.rows().items() if row["added"]} == opened
    for name in opened:
        desk.control(name, None, lambda row: row is None)
    for name in ("show", "phone"):
        eventually(lambda name=name: results(one, name)[-1]["end"], f"the end of {name}")
    before = len(results(one, "cam"))
    eventually(lambda: len(results(one, "cam")) > before, "a result of the source that was given")
    assert {row["epoch"] for row in results(one, "cam")} == {results(one, "cam")[0]["epoch"]}
    assert set(desk.rows()) == {"cam"}

    def kept():
        return [path for path in (one.runtime_dir / "state").rglob("*.*") if path.name.split(".")[0] in opened]

    eventually(lambda: not kept(), lambda: f"states that are left: {kept()}")


def test_what_was_added_is_asked_for_again_after_a_crash(pipeline, recording):
    """A killed capture's successor goes on with the film where that one was; a killed bus and smoother stop nobody."""
    one = pipeline(capture_source="cam=demo").start().ready()
    desk = Desk(one)
    film = {"spec": str(recording), "mode": "replay"}
    desk.control("film", film, is_in("running"))
    eventually(lambda: len(results(one, "film")) > 10, "results of the film")
    killed = one.kill("capture")
    eventually(lambda: desk.capture() and desk.capture()["pid"] != killed, "its successor")
    assert "film" not in desk.rows()
    desk.control("film", film, is_in("holding"))
    eventually(lambda: len(results(one, "film")) == 90, lambda: f"{len(results(one, 'film'))} of 90 results")
    assert [row["seq"] for row in results(one, "film")] == list(range(90))
    assert {row["epoch"] for row in results(one, "film")} == {results(one, "film")[0]["epoch"]}

    desk.control("show", {"spec": "demo"}, is_in("running"))
    for stage in ("bus", "smoother"):
        one.kill(stage)
        before = len(results(one, "show"))
        eventually(lambda before=before: len(results(one, "show")) > before + 10, f"results without that {stage}")
