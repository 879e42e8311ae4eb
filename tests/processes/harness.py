"""The real pipeline in real processes, and a listener that knows only the wire (pyzmq and msgpack)."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import cv2
import msgpack
import psutil
import pytest
import zmq

from capture.demo import demo_frame
from shared.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90
"""How long a test waits for an event before it fails; generous, since machines differ."""


def eventually(condition, what, seconds=PATIENCE_S):
    """Wait for a condition to become true, and return its value; fails, saying `what`, when it never does."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.02)
    raise AssertionError(f"never happened within {seconds} s: {what() if callable(what) else what}")


class Listener:
    """A subscriber from outside, connected before anything starts; with `acks` it plays the recorder."""

    def __init__(self, runtime_dir, topics=("smoothed/", "status/"), acks=False, address=None, keys=None):
        self.rows, self.repeats, self.statuses = {}, [], {}
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        if keys:
            self._socket.curve_serverkey = (keys / "bus.public").read_bytes()
            self._socket.curve_publickey = (keys / "client.public").read_bytes()
            self._socket.curve_secretkey = (keys / "client.secret").read_bytes()
        self._socket.connect(address or f"ipc://{runtime_dir}/bus.out")
        for topic in topics:
            self._socket.subscribe(topic)
        self._runtime_dir = runtime_dir
        self._speakers = []
        self._acks = self.speaker() if acks else None
        self._running = True
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def speaker(self):
        """A socket that says things on the bus; closed with the listener."""
        socket = self._context.socket(zmq.PUB)
        socket.connect(f"ipc://{self._runtime_dir}/bus.in")
        self._speakers.append(socket)
        return socket

    def _listen(self):
        while self._running:
            if not self._socket.poll(50):
                continue
            with contextlib.suppress(ValueError, TypeError, KeyError):  # some tests damage messages
                self._take(*self._socket.recv_multipart())

    def _take(self, topic, body):
        message = msgpack.unpackb(body)
        if topic.startswith(b"status/"):
            self.statuses[message["process"]] = message | {"heard": time.monotonic()}
        elif topic.startswith(b"smoothed/"):
            self._row(message)

    def _row(self, message):
        key = message["source"], message["epoch"], message["seq"]
        if key in self.rows:
            self.repeats.append(message)
        else:
            self.rows[key] = message
        if self._acks:
            source, epoch, _ = key
            known = {seq for s, e, seq in self.rows if (s, e) == (source, epoch)}
            upto = next(seq for seq in range(len(known) + 1) if seq not in known) - 1
            if upto >= 0:
                ack = {"v": 1, "source": source, "epoch": epoch, "seq": upto}
                self._acks.send_multipart([f"ack/{source}/".encode(), msgpack.packb(ack)])

    def results(self):
        """All rows by source, epoch and number."""
        return [self.rows[key] for key in sorted(self.rows)]

    def heard(self):
        """All rows in the order in which they came."""
        return list(self.rows.values())

    def live(self, stage=None, state="ready"):
        """The newest status of each process heard from within two seconds."""
        now = time.monotonic()
        return [
            status
            for status in list(self.statuses.values())
            if now - status["heard"] < 2 and status["state"] == state and (stage is None or status["stage"] == stage)
        ]

    def close(self):
        self._running = False
        self._thread.join()
        self._context.destroy(linger=0)


class Pipeline:
    """`honcho start` in a runtime directory of its own, away from the checkout and its `.env`, on the CPU."""

    def __init__(self, runtime_dir, settings, acks=False):
        self.runtime_dir = runtime_dir
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AFFECT_")},
            "AFFECT_RUNTIME_DIR": str(runtime_dir),
            "AFFECT_DASHBOARD_PORT": "0",
            "AFFECT_LOG_FORMAT": "json",
            "AFFECT_DEVICE": "cpu",
            "PYTHONPATH": str(ROOT),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "VIRTUAL_ENV": sys.prefix,
            **settings,
        }
        self.folder = runtime_dir.parent
        self.log = self.folder / f"{runtime_dir.name}.log"
        self.listener = Listener(runtime_dir, acks=acks)
        self.processes = []

    def start(self, *concurrency, only=()):
        """Start honcho, `concurrency` as in `classifier=3`."""
        counts = ["-c", ",".join(concurrency)] if concurrency else []
        where = ["-f", ROOT / "Procfile", "-d", self.folder]
        command = ["honcho", "--no-colour", "-e", "/dev/null", *where, "start", *counts, *only]
        self.honcho = self.launch(command)
        return self

    def launch(self, command, **settings):
        """Start one more process beside the pipeline."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment | settings,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def worker(self, stage, **settings):
        """Start one stage by hand, as in another terminal."""
        return self.launch([sys.executable, "-m", stage], **settings)

    def ready(self, *stages):
        """Wait until every stage named says so."""
        wanted = stages or STAGES.keys()
        eventually(
            lambda: set(wanted) <= {s["stage"] for s in self.listener.live()}, lambda: f"ready: {wanted}\n{self.tail()}"
        )
        return self

    def pid(self, stage):
        """The process of a stage, as its status says."""

        def alive():
            return [status for status in self.listener.live(stage) if psutil.pid_exists(status["pid"])]

        return max(eventually(alive, f"a {stage}"), key=lambda status: status["started_ns"])["pid"]

    def kill(self, stage, number=signal.SIGKILL):
        """Send a signal to a stage's own process (not its supervisor); returns its pid."""
        pid = self.pid(stage)
        os.kill(pid, number)
        return pid

    def rows(self, count):
        """Wait for so many rows."""
        eventually(
            lambda: len(self.listener.rows) >= count,
            lambda: f"{count} rows, have {len(self.listener.rows)}\n{self.tail()}",
        )
        return self.listener.results()

    def wait(self, seconds=PATIENCE_S):
        """Wait for the pipeline to end by itself; its exit code."""
        try:
            code = self.honcho.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"did not end within {seconds} s\n{self.tail()}") from None
        time.sleep(0.3)  # the listener empties its socket
        return code

    def capture_state(self, state, everything=False):
        """Wait until a source of the capture is in a state; that source's status, or all of them."""

        def found():
            sources = [source for status in self.listener.live() for source in status["sources"]]
            return sources if any(source["state"] == state for source in sources) else None

        sources = eventually(found, f"a source that is {state}")
        return sources if everything else next(source for source in sources if source["state"] == state)

    def keyed_listener(self, folder, port):
        """A listener over TCP that has the keys."""
        self.listener.close()
        self.listener = Listener(self.runtime_dir, address=f"tcp://127.0.0.2:{port}", keys=folder)
        return self.listener

    def counters(self, stage):
        """The sum of a stage's counters over its processes."""
        total: dict[str, int] = {}
        for status in list(self.listener.statuses.values()):
            if status["stage"] == stage:
                for name, value in status["counters"].items():
                    total[name] = total.get(name, 0) + value
        return total

    def says(self, text):
        """Wait until this is in the log; lines and messages go different ways."""
        eventually(lambda: text in self.tail(1_000_000), lambda: f"{text!r} in the log\n{self.tail()}")

    def tail(self, characters=4000):
        """The end of the log, for a failing test's message."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""

    def close(self):
        for process in self.processes:
            family = _family(process.pid)
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(8)
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            process.wait(5)
        self.listener.close()


def _family(pid):
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@contextlib.contextmanager
def pipelines(tmp_path_factory):
    """A maker of pipelines (settings without their prefix), each closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(*, acks=False, **settings):
            environment = {f"AFFECT_{name.upper()}": str(value) for name, value in settings.items()}
            one = Pipeline(tmp_path_factory.mktemp("run"), environment, acks)
            stack.callback(one.close)
            return one

        yield make


def write_video(path, count, size=(640, 360), step=1):
    """A recording of the demo: a real face that moves."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, size)
    for index in range(count):
        writer.write(demo_frame(index * step, size))
    writer.release()
    return path


def assert_same_result(rows, expected):
    """Same frames, faces, track ids and order; probabilities within 1e-3 (DESIGN, promise 4)."""
    assert [row["seq"] for row in rows] == [row["seq"] for row in expected]
    for row, other in zip(rows, expected, strict=True):
        where = row["seq"]
        assert (row["pts"], row["complete"], row["end"], row["prev"]) == (
            other["pts"], other["complete"], other["end"], other["prev"]
        ), where  # fmt: skip
        faces, others = row["faces"], other["faces"]
        assert [f["track_id"] for f in faces] == [f["track_id"] for f in others], where
        for face, its in zip(faces, others, strict=True):
            assert face["xyxy"] == pytest.approx(its["xyxy"], abs=0.1), where
            assert (face["probs"] is None) == (its["probs"] is None), where
            for name in ("probs", "smoothed"):
                if face[name] is not None:
                    assert face[name] == pytest.approx(its[name], abs=1e-3), where
