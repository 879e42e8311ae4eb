"""Readers whose queue is full: a slow one, one that is stopped, one that never reads, and a bus that dies meanwhile.

libzmq's heartbeats end a process in which that happens (`Assertion failed: _input_stopped`, exit code 134).
"""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import psutil
import pytest
import zmq

from shared.settings import Settings
from tests.processes.harness import ROOT, eventually

pytestmark = [pytest.mark.processes]

READER = textwrap.dedent(
    """
    import sys, time
    from shared.bus import Bus
    from shared.settings import load_settings

    pause_s, asleep_s = float(sys.argv[1]), float(sys.argv[2])
    bus = Bus(load_settings())
    bus.subscribe("flood/")
    print("hears", flush=True)
    time.sleep(asleep_s)
    while True:
        bus.wait(1.0)
        list(bus.receive_subscriptions())
        for _ in bus.receive(1):
            print("read", flush=True)
        time.sleep(pause_s)
    """
)
FLOOD_S = 12.0
"""Heartbeats that timed out after three seconds ended every one of these readers within nine."""


class Reader:
    """A process that reads from the bus as slowly as asked, and counts what it has read."""

    def __init__(self, environment, pause_s=0.02, asleep_s=0.0):
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, str(pause_s), str(asleep_s)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.read = -1
        self._thread = threading.Thread(target=self._count)
        self._thread.start()

    def _count(self):
        for _ in self.process.stdout:
            self.read += 1

    def end(self):
        self.process.kill()
        self.process.wait()
        self._thread.join()
        self.process.stdout.close()


@pytest.fixture
def environment(tmp_path):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AFFECT_")}
    return environment | {"AFFECT_RUNTIME_DIR": str(tmp_path), "AFFECT_BUS_HWM": "8"}


def forwarder(environment):
    return subprocess.Popen(
        [sys.executable, "-m", "shared.forwarder"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )


def flood(settings, seconds):
    """Say short things far faster than the readers read; in a thread, so that the bus may be replaced meanwhile."""

    def publish():
        with zmq.Context() as context, context.socket(zmq.PUB) as mouth:
            mouth.linger, mouth.sndhwm = 0, 1000
            mouth.connect(settings.bus_in_address)
            until = time.monotonic() + seconds
            while time.monotonic() < until:
                mouth.send_multipart([b"flood/x/", b"0123456789"])
                time.sleep(0.002)

    thread = threading.Thread(target=publish)
    thread.start()
    return thread


def test_a_full_queue_ends_nobody(environment, tmp_path):
    """Slow, stopped, asleep or cut off from its bus: each reads on when it can, and the bus's memory stays flat."""
    settings = Settings(_env_file=None, runtime_dir=tmp_path)
    bus = forwarder(environment)
    readers = {
        "slow": Reader(environment),
        "stopped": Reader(environment),
        "asleep": Reader(environment, asleep_s=FLOOD_S / 2),
    }
    try:
        for name, reader in readers.items():
            eventually(lambda reader=reader: reader.read >= 0, f"{name} hears")
        speaker = flood(settings, FLOOD_S)
        eventually(lambda: readers["slow"].read > 20, "messages")
        before = psutil.Process(bus.pid).memory_info().rss
        os.kill(readers["stopped"].process.pid, signal.SIGSTOP)
        time.sleep(FLOOD_S / 2)  # what would have happened needs its time
        assert psutil.Process(bus.pid).memory_info().rss - before < 20e6
        os.kill(readers["stopped"].process.pid, signal.SIGCONT)
        bus.kill()
        bus.wait()
        bus = forwarder(environment)
        speaker.join()
        seen = {name: reader.read for name, reader in readers.items()}
        speaker = flood(settings, 2.0)
        for name, reader in readers.items():
            eventually(lambda name=name, reader=reader: reader.read > seen[name] + 10, f"{name} reads on")
            assert reader.process.poll() is None, name
        speaker.join()
    finally:
        for reader in readers.values():
            reader.end()
        bus.terminate()
        bus.wait()
