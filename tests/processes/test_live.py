"""Live sources through the real processes: newest wins, bounded work, and nobody waits for a bad neighbour."""

import contextlib
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import pytest
import zmq

from capture.demo import demo_frame
from capture.sources import camera_opens
from tests.processes.harness import eventually

pytestmark = [pytest.mark.processes]


def rows_after(one, more=20):
    """Wait for more rows than there are now."""
    return one.rows(len(one.listener.rows) + more)


def test_demo_needs_no_camera(pipeline):
    """`auto` on a machine without a camera shows the demo: faces found, classified, followed."""
    if camera_opens(0):
        pytest.skip("this machine has a camera")
    one = pipeline().start().ready()
    eventually(lambda: any(f["track_id"] and f["label"] for r in one.listener.results() for f in r["faces"]), "a face")
    one.rows(40)
    rows = one.listener.heard()
    assert {row["source"] for row in rows} == {"demo"}
    assert all(row["live"] for row in rows)
    seqs = [row["seq"] for row in rows]
    assert seqs == sorted(seqs)
    assert [row["prev"] for row in rows[1:]] == seqs[:-1]


def test_newest_wins_and_what_was_skipped_is_counted(pipeline):
    """A pipeline that is too slow for its source skips frames, counts them, and never has more than its window."""
    one = pipeline(capture_source="demo", min_face_size=12, detect_max_side=0).start().ready()
    rows = one.rows(30)
    skipped = eventually(lambda: one.counters("capture").get("skipped"), "a skipped frame")
    gaps = sum(row["seq"] - row["prev"] - 1 for row in rows if row["prev"] is not None)
    assert skipped > 0
    assert gaps > 0
    (state,) = one.capture_state("running", everything=True)
    assert state["window"] == 2
    assert state["unfinished"] <= state["window"]


def test_without_a_classifier_there_are_boxes(pipeline):
    """Live, faces without emotions are better than nothing; the emotions come when a classifier does."""
    one = pipeline(capture_source="demo", deadline_ms=60_000).start(only=["bus", "capture", "detector", "smoother"])
    rows = one.rows(15)
    assert not any(row["classified"] for row in rows)
    assert all(row["complete"] for row in rows)
    one.worker("classifier")
    eventually(lambda: any(row["classified"] for row in one.listener.results()), "a classified frame")


def test_a_frozen_worker_stops_nobody(pipeline):
    """Frames go on while one of two detectors and one of two classifiers are stopped; they are replaced when hung."""
    one = pipeline(capture_source="demo").start("detector=2,classifier=2").ready()
    one.rows(10)
    frozen = [one.kill(stage, signal.SIGSTOP) for stage in ("detector", "classifier")]
    rows_after(one, 60)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in frozen), "hung workers killed")
    eventually(lambda: all(len(one.listener.live(stage)) == 2 for stage in ("detector", "classifier")), "successors")


def test_a_dead_slow_subscriber_stops_nobody(pipeline):
    """A viewer that subscribes to everything and never reads loses frames, not the pipeline; the bus stays small."""
    one = pipeline(capture_source="demo", bus_hwm=8).start().ready()
    (before,) = eventually(lambda: one.listener.live("bus"), "the bus's status")
    with zmq.Context() as context, context.socket(zmq.SUB) as sloth:
        sloth.rcvhwm = 1
        sloth.connect(f"ipc://{one.runtime_dir}/bus.out")
        sloth.subscribe("")  # 150 frames alone are 415 MB
        rows_after(one, 150)
        (after,) = eventually(lambda: one.listener.live("bus"), "the bus's status")
        assert after["memory_mb"] - before["memory_mb"] < 100
        waiting = 0
        with contextlib.suppress(zmq.Again):
            while True:
                waiting += sloth.recv_multipart(zmq.NOBLOCK)[0].startswith(b"smoothed/")
        assert waiting < 100


def test_a_killed_smoother_takes_up_its_tracks(pipeline):
    """Live, a killed smoother costs a moment; its successor knows the faces and the ids that were given."""
    one = pipeline(capture_source="demo").start().ready()

    def first_seen(rows):
        return {(f["track_id"], f["first_pts"]) for row in rows for f in row["faces"] if f["track_id"]}

    eventually(lambda: first_seen(one.listener.results()), "a track")
    killed = one.kill("smoother")
    eventually(lambda: any(status["pid"] != killed for status in one.listener.live("smoother")), "its successor")
    before = len(one.listener.rows)
    eventually(lambda: first_seen(one.listener.heard()[before:]), "a track after the kill")
    known = first_seen(one.listener.results())
    assert len({track_id for track_id, _ in known}) == len(known)  # no id was given twice
    assert len({row["epoch"] for row in one.listener.results()}) == 1


def test_a_live_file_is_paced_by_its_time_stamps(pipeline, recording):
    """Three seconds of recording take about three seconds, and its last frame is never skipped."""
    one = pipeline(capture_source=recording, capture_mode="live", capture_at_end="exit").start()
    assert one.wait() == 0
    rows = one.listener.results()
    assert rows[-1]["end"]
    assert rows[-1]["seq"] == 89
    seconds = (rows[-1]["captured_ns"] - rows[0]["captured_ns"]) / 1e9
    assert seconds > 0.8 * (rows[-1]["pts"] - rows[0]["pts"])


class Stream(BaseHTTPRequestHandler):
    """An MJPEG camera that gives forty frames a connection and then says nothing more."""

    server: Any  # with `closing`, which ends its waiting

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            for index in range(40):
                jpeg = cv2.imencode(".jpg", demo_frame(index, (320, 180)))[1].tobytes()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                self.server.closing.wait(0.03)
            self.server.closing.wait(60)

    def log_message(self, *_):
        pass


@pytest.fixture
def stream():
    """The address of such a camera."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Stream)
    server.closing = threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_port}/live"
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_stream_that_stalls_is_reopened_with_a_new_epoch(pipeline, stream):
    """A stall ends the epoch, is reported once without the password, and the source goes on when it is back."""
    one = pipeline(capture_source=f"door=http://me:secret@{stream}", capture_stall_seconds=1).start()
    eventually(lambda: len({row["epoch"] for row in one.listener.results()}) >= 2, "a second epoch")
    first, second = sorted({row["epoch"] for row in one.listener.results()})[:2]
    rows = {epoch: [row for row in one.listener.results() if row["epoch"] == epoch] for epoch in (first, second)}
    assert rows[first][-1]["end"]
    assert rows[second][0]["prev"] is None
    log = one.tail(200_000)
    assert 1 <= log.count("source lost") <= log.count("source open") + 1  # once each time, not once a try
    assert "secret" not in log
    assert "door" in log
