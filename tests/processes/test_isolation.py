"""The demo and a recording, with nothing but the packages that they need, and cut off from every network."""

import os
import subprocess
import sys

import pytest

from tests.processes.harness import PATIENCE_S, ROOT, eventually

pytestmark = [pytest.mark.processes]
SITE = """
import atexit, os, sys
class Without:
    def __init__(self, finder):
        self.finder = finder
    def __getattr__(self, name):
        return getattr(self.finder, name)
    def find_spec(self, name, path=None, target=None):
        absent = name.partition(".")[0] in os.environ["ABSENT"].split()
        return None if absent else self.finder.find_spec(name, path, target)
sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
def record(event, details):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
        where = details[1] if event in ("socket.connect", "socket.sendto") else details[:2]
        with open(os.environ["CALLS"], "a") as calls:
            calls.write(f"{event} {where!r}\\n")
sys.addaudithook(record)
"""
TORCH = "torch torchvision facenet_pytorch skimage matplotlib onnx onnxruntime msgpack"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def cut_off():
    """The start of a command that runs in a network namespace with a loopback alone; empty where none may be made."""
    prefix = ["unshare", "--net", *([] if os.getuid() == 0 else ["--map-root-user"])]
    prefix += ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    try:
        return prefix if subprocess.run([*prefix, "true"], capture_output=True).returncode == 0 else []
    except OSError:
        return []


def watched(folder):
    """The environment of processes that SITE watches; what they call is in the folder's `calls`."""
    (folder / "sitecustomize.py").write_text(SITE)
    return {"PYTHONPATH": f"{folder}:{ROOT}", "CALLS": str(folder / "calls"), "ABSENT": TORCH}


def outbound(calls):
    """What was called beyond loopback."""
    said = calls.read_text().splitlines() if calls.exists() else []
    return [call for call in said if not any(repr(host) in call for host in LOOPBACK)]


@pytest.fixture
def confined(pipeline, tmp_path):
    """The demo's pipeline, with SITE in each of its processes; and the file of what they call."""
    one = pipeline(capture_source="demo")
    one.environment |= watched(tmp_path) | {"ABSENT": f"{TORCH} tqdm pyarrow"}
    launch = one.launch
    one.launch = lambda command, **settings: launch([*cut_off(), *command], **settings)
    return one, tmp_path / "calls"


def test_the_core_is_enough_and_nothing_calls_out(confined):
    """No stage needs torch on a CPU. Without a route to anywhere all works, and nobody tries one."""
    one, calls = confined
    probe = "import socket; socket.getaddrinfo('192.0.2.1', 1); import torch"
    refused = subprocess.run([sys.executable, "-c", probe], env=one.environment, capture_output=True, text=True)
    assert "No module named 'torch'" in refused.stderr
    assert calls.read_text() == "socket.getaddrinfo ('192.0.2.1', 1)\n"
    calls.unlink()

    one.start().ready()
    eventually(lambda: any(f["track_id"] and f["label"] for r in one.listener.results() for f in r["faces"]), "a face")
    assert outbound(calls) == []


def test_a_recording_calls_nobody(tmp_path, recording):
    """From a film to its tables and its report, likewise."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AFFECT_")}
    environment |= watched(tmp_path) | {"AFFECT_RUNTIME_DIR": str(tmp_path / "run"), "AFFECT_DEVICE": "cpu"}
    command = [*cut_off(), sys.executable, "-m", "recorder", recording, "--out", tmp_path / "out"]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / recording.stem / "report.html").exists()
    assert outbound(tmp_path / "calls") == []
