"""What goes wrong: poison, bad messages, bad settings, bad sources; and the end, which leaves nothing behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import msgpack
import psutil
import pytest

from tests.processes.harness import eventually

pytestmark = [pytest.mark.processes]

POISONED = textwrap.dedent(
    """
    import os, runpy, signal
    import detector.mtcnn as mtcnn

    find, seen = mtcnn.Detector.detect, []

    def detect(self, frame, *how):
        if frame[0, 0].tolist() == [1, 2, 3]:
            os.kill(os.getpid(), signal.SIGKILL)
        return find(self, frame, *how)

    mtcnn.Detector.detect = detect
    runpy.run_module("detector", run_name="__main__", alter_sys=True)
    """
)


@pytest.fixture
def images_with_poison(tmp_path):
    """Nine pictures, the fifth of which kills every detector that looks at it."""
    import cv2
    import numpy as np

    for index in range(9):
        image = np.full((120, 160, 3), 90, np.uint8)
        if index == 4:
            image[0, 0] = 1, 2, 3
        cv2.imwrite(str(tmp_path / f"{index}.png"), image)
    return tmp_path


def test_a_frame_that_kills_every_worker_is_given_up(pipeline, images_with_poison):
    """Three detectors die of it, then it is reported and counted, and the others of the recording are all there."""
    one = pipeline(capture_source=images_with_poison, capture_mode="replay", capture_at_end="hold")
    one.start(only=["bus", "capture", "classifier", "smoother"])
    deaths = 0
    worker = one.launch([sys.executable, "-c", POISONED])
    until = time.monotonic() + 90
    while len(one.listener.rows) < 9 and time.monotonic() < until:
        if worker.poll() is not None:
            assert worker.returncode == -signal.SIGKILL
            deaths += 1
            worker = one.launch([sys.executable, "-c", POISONED])
        time.sleep(0.05)
    rows = one.rows(9)
    assert deaths == 3
    assert [row["seq"] for row in rows if not row["complete"]] == [4]
    eventually(lambda: one.counters("capture").get("given_up_failed") == 1, "counted")
    one.says('"reason": "failed"')


def test_bad_messages_are_counted_and_change_nothing(pipeline):
    """Whatever a stranger says on the bus, each stage counts it, logs each kind once, and goes on."""
    one = pipeline(capture_source="demo").start().ready()
    stranger = one.listener.speaker()
    good = {"v": 1, "source": "demo", "epoch": 1, "seq": 0, "prev": None, "acked": None, "pts": 0.0, "captured_ns": 0}
    bad = [
        b"",
        b"\xc1",
        b"\x81",
        msgpack.packb([1, 2]),
        msgpack.packb({**good, "v": 2}),
        msgpack.packb(good),
        os.urandom(5000),
    ]

    def shout():
        for topic in (b"faces/demo/", b"emotions/demo/", b"gone/demo/", b"ack/demo/", b"faces/", b"emotions/a/b/"):
            for body in bad:
                stranger.send_multipart([topic, body])
            stranger.send(topic)
        return all(one.counters(stage).get("malformed", 0) > 20 for stage in ("smoother", "capture", "detector"))

    eventually(shout, "malformed counted everywhere")
    one.rows(len(one.listener.rows) + 30)
    lines = [
        line for line in one.tail(200_000).splitlines() if "malformed message dropped" in line and "smoother" in line
    ]
    assert 0 < len(lines) < 15


def run_stage(one, stage, **settings):
    """Run one stage by hand to its end: (exit code, what it printed)."""
    environment = one.environment | {f"AFFECT_{name.upper()}": str(value) for name, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-m", stage],
        cwd=one.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("stage", "settings", "says"),
    [
        ("capture", {"capture_source": "/nowhere/film.mp4"}, "/nowhere/film.mp4"),
        ("capture", {"capture_source": "{text}"}, "film.mp4"),
        ("capture", {"capture_source": "{empty}"}, "empty.mp4"),
        ("capture", {"capture_source": "a=demo,a=demo"}, "AFFECT_CAPTURE_SOURCE"),
        ("capture", {"classify_every": "0"}, "AFFECT_CLASSIFY_EVERY"),
        ("classifier", {"classifier_model": "no-such-model"}, "no-such-model"),
        ("classifier", {"device": "cuda" if sys.platform == "darwin" else "mps"}, "AFFECT_DEVICE"),
        ("shared.forwarder", {"bus_in": "tcp://192.0.2.1:5555"}, "AFFECT_BUS_KEYS"),
        ("dashboard", {"dashboard_token": "short"}, "AFFECT_DASHBOARD_TOKEN"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(pipeline, tmp_path, stage, settings, says):
    """No traceback, no restart loop: what was wrong, with its name and value."""
    (tmp_path / "film.mp4").write_text("this is no film\n" * 100)
    (tmp_path / "empty.mp4").touch()
    fill = {"text": tmp_path / "film.mp4", "empty": tmp_path / "empty.mp4"}
    code, output = run_stage(pipeline(), stage, **{name: value.format(**fill) for name, value in settings.items()})
    assert code == 2, output
    assert says in output
    assert "Traceback" not in output
    assert len([line for line in output.splitlines() if not line.startswith("{")]) == 1


def test_the_whole_pipeline_ends_with_code_2_on_a_missing_file(pipeline):
    """honcho passes the exit code on, so that a script can tell a user's mistake from a fault."""
    one = pipeline(capture_source="/nowhere/film.mp4").start()
    assert one.wait() == 2
    complaints = [line for line in one.tail(50_000).splitlines() if "| capture: " in line]
    assert len(complaints) == 1
    assert "/nowhere/film.mp4" in complaints[0]


def test_one_bus_one_smoother_one_owner_of_a_source(pipeline):
    """A second one is refused on this host, naming the process that has the place."""
    one = pipeline(capture_source="front=demo").start().ready()
    for stage, module in (("bus", "shared.forwarder"), ("smoother", "smoother"), ("capture", "capture")):
        code, output = run_stage(one, module)
        assert code == 2, output
        assert str(one.pid(stage)) in output
    one.rows(len(one.listener.rows) + 10)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_everything_stops_within_five_seconds_and_leaves_nothing(pipeline, number):
    """No orphan, no socket file, no state: also not of a frozen stage."""
    one = pipeline(capture_source="demo").start().ready()
    family = psutil.Process(one.honcho.pid).children(recursive=True)
    if number == signal.SIGTERM:
        one.kill("classifier", signal.SIGSTOP)
    one.honcho.send_signal(number)
    code = one.wait()
    assert "sending SIGKILL" not in one.tail(1_000_000)  # honcho's, to what has not ended five seconds later
    assert code == 128 + number
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    assert [path for path in one.runtime_dir.rglob("*") if path.is_socket() or "state/" in str(path)] == []


def test_a_killed_honcho_leaves_no_orphan(pipeline):
    """The supervisors notice that honcho is gone and end their stages."""
    one = pipeline(capture_source="demo").start().ready()
    family = psutil.Process(one.honcho.pid).children(recursive=True)
    one.honcho.kill()
    _, alive = psutil.wait_procs(family, timeout=15)
    assert alive == []


def test_a_vital_stage_that_crashes_again_and_again_ends_the_pipeline(pipeline):
    """After five crashes in a minute there is no use in trying; the exit code is the stage's."""
    one = pipeline(capture_source="demo").start().ready("smoother")
    crash(one, "smoother", times=5)
    assert one.wait() == 137


def test_a_worker_that_crashes_again_and_again_is_shown_as_failed(pipeline):
    """A detector that gives up stays down and is reported; everything else stays up."""
    one = pipeline(capture_source="demo").start().ready()
    crash(one, "classifier", times=5)
    (failed,) = eventually(lambda: one.listener.live("classifier", "failed"), "shown as failed")
    assert "137" in failed["error"]
    one.rows(len(one.listener.rows) + 20)
    assert one.honcho.poll() is None


def crash(one, stage, times):
    """Kill a stage, and each of its successors as soon as it is there, so that all fall within a minute."""
    first = psutil.Process(one.pid(stage))
    supervisor, killed = first.parent(), {first.pid}
    first.kill()
    while len(killed) < times:
        (child,) = eventually(
            lambda: [child for child in supervisor.children() if child.pid not in killed], f"another {stage}"
        )
        killed.add(child.pid)
        child.kill()
