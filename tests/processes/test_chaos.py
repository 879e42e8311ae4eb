"""Damaged messages, processes killed and stopped, clocks that step: whatever it was, a live source is back in seconds.

`TEST_ROUNDS=50` does fifty times as much of each.
"""

import os
import random
import signal
import sys
import time
from collections import defaultdict

import psutil
import pytest
import zmq

from shared.stages import NEEDED
from tests.processes.harness import ROOT, eventually
from tests.processes.mutations import MUTATIONS, golden

pytestmark = [pytest.mark.processes, pytest.mark.timeout(7200)]

ROUNDS = int(os.environ.get("TEST_ROUNDS", "1"))
EACH = 2000
MOST_KILLS = 3
"""Of one stage in a minute: five are taken for a fault that will not go away."""


def memory_mb(processes):
    return {stage: process.memory_info().rss / 1e6 for stage, process in processes.items()}


def back(one, what):
    """Wait for ten complete results that were not there before; in some of the demo nobody is in sight."""
    before = len(one.listener.rows)

    def seen():
        return sum(row["complete"] for row in one.listener.heard()[before:]) >= 10

    began = time.monotonic()
    eventually(seen, lambda: f"results after {what}\n{one.tail()}")
    print(f"back {time.monotonic() - began:.1f} s after {what}")


def recorded(one, seconds=3.0):
    """What the pipeline itself says in a few seconds, but for its largest messages."""
    with zmq.Context() as context, context.socket(zmq.SUB) as ears:
        ears.connect(f"ipc://{one.runtime_dir}/bus.out")
        ears.subscribe("")
        until, said = time.monotonic() + seconds, defaultdict(list)
        while time.monotonic() < until:
            if ears.poll(100):
                topic, body = ears.recv_multipart()
                if len(body) < 200_000:
                    said[topic.split(b"/")[0]].append((topic, body))
    return [message for kind in said.values() for message in kind[:40]]


@pytest.mark.parametrize("mutation", [None, *MUTATIONS], ids=lambda one: one.__name__ if one else "all together")
def test_damaged_messages_change_nothing_for_long(storm, mutation):
    """No process falls, none grows, and the source goes on."""
    one, processes, originals, before = storm
    chance = random.Random(mutation.__name__ if mutation else "all")
    mouth = one.listener.speaker()
    for count in range(EACH * ROUNDS):
        how = mutation or chance.choice(MUTATIONS)
        mouth.send_multipart(how(chance, *chance.choice(originals)))
        if count % 40 == 0:
            time.sleep(0.01)  # faster, and the bus would drop them
    back(one, f"{EACH * ROUNDS} messages: {how.__name__}")
    assert all(process.is_running() for process in processes.values())
    grown = {stage: size - before[stage] for stage, size in memory_mb(processes).items()}
    assert max(grown.values()) < 100, grown


@pytest.fixture(scope="module")
def storm(tmp_path_factory):
    """A pipeline on the demo, its processes, its messages and those of the golden bytes, and its memory when warm."""
    from tests.processes.harness import pipelines

    with pipelines(tmp_path_factory) as make:
        one = make(capture_source="demo").start().ready()
        back(one, "the start")
        originals = recorded(one) + golden("demo")
        back(one, "warming up")
        processes = {stage: psutil.Process(one.pid(stage)) for stage in NEEDED}
        yield one, processes, originals, memory_mb(processes)


CLOCK = """
import os, time
path, now = os.environ.get("TEST_CLOCK"), time.time_ns
def shown():
    try:
        return now() + int(open(path).read())
    except (OSError, ValueError):
        return now()
if path:
    time.time_ns, time.time = shown, lambda: shown() / 1e9
"""


def test_killed_stopped_and_out_of_time(pipeline, tmp_path):
    """Again and again, any stage: no results are missing for long, and none is stranded by its clock."""
    (tmp_path / "sitecustomize.py").write_text(CLOCK)
    clock = tmp_path / "clock"
    clock.write_text("0")
    one = pipeline(capture_source="demo")
    one.environment |= {"TEST_CLOCK": str(clock), "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    one.start().ready()
    back(one, "the start")
    chance = random.Random(1)
    killed: dict[str, list[float]] = defaultdict(list)

    def kill(stage):
        """Unless that was done so often lately that the supervisor would take it for a fault that will not go away."""
        killed[stage] = [at for at in killed[stage] if time.monotonic() - at < 60]
        if len(killed[stage]) < MOST_KILLS:
            killed[stage].append(time.monotonic())
            one.kill(stage)

    for _ in range(6 * ROUNDS):
        what, stage = chance.choice(["kill", "stop", "clock"]), chance.choice(NEEDED)
        if what == "clock":
            clock.write_text(str(chance.choice([-3600, -1, 1, 3600, 86_400]) * 10**9))
            kill("capture")  # a clock matters most to who starts
        elif what == "kill":
            kill(stage)
        else:
            pid = one.kill(stage, signal.SIGSTOP)
            time.sleep(chance.choice([0.3, 1.0, 4.0]))
            if psutil.pid_exists(pid):
                os.kill(pid, signal.SIGCONT)
        back(one, f"{what} {stage}")
    assert one.honcho.poll() is None
    print(one.counters("capture"), file=sys.stderr)
