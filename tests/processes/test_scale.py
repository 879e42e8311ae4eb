"""Scaling and distribution: more workers, more sources, more captures, another host; and memory that stays flat."""

import pytest

from shared.keys import make_keys
from tests.processes.harness import eventually, write_video

pytestmark = [pytest.mark.processes]


def test_workers_join_and_leave_by_hand(pipeline):
    """One more worker started in another terminal gets work at once; one that is stopped is not missed."""
    one = pipeline(capture_source="demo").start().ready()
    first = {status["process"] for status in one.listener.live("classifier")}
    one.worker("classifier")
    second = eventually(
        lambda: next((s for s in one.listener.live("classifier") if s["process"] not in first), None), "a second one"
    )
    eventually(lambda: one.listener.statuses[second["process"]]["counters"].get("in"), "work for it")
    one.processes[-1].terminate()
    assert one.processes[-1].wait(10) == 0
    one.rows(len(one.listener.rows) + 30)


def test_two_captures_share_the_listed_sources(pipeline, recording):
    """With `-c capture=2` each source has one owner, and the pipeline ends when all are through.

    That they take turns is tested in test_claims.py: here one may be there so much earlier that it takes both.
    """
    one = pipeline(capture_source=f"a={recording},b={recording}", capture_mode="replay", capture_at_end="exit")
    assert one.start("capture=2").wait() == 0
    seqs = {name: [r["seq"] for r in one.listener.results() if r["source"] == name] for name in "ab"}
    assert seqs == {"a": list(range(90)), "b": list(range(90))}
    captures = [s for s in one.listener.statuses.values() if s["stage"] == "capture"]
    assert sorted(source["source"] for s in captures for source in s["sources"]) == ["a", "b"]


def test_several_sources_in_one_capture(pipeline, recording):
    """A camera and a recording side by side, each with its own window and its own numbers."""
    one = pipeline(capture_source=f"demo,film={recording}", capture_mode="live", capture_at_end="loop").start()
    eventually(lambda: {r["source"] for r in one.listener.results()} == {"demo", "film"}, "both sources")
    one.rows(len(one.listener.rows) + 30)
    (capture,) = one.listener.live("capture")
    assert [source["source"] for source in capture["sources"]] == ["demo", "film"]


@pytest.fixture
def keys(tmp_path):
    """A folder of CURVE keys, and one of a stranger who knows the bus's public key and no more."""
    ours, theirs = tmp_path / "keys", tmp_path / "stranger"
    make_keys(ours)
    make_keys(theirs)
    (theirs / "bus.public").write_bytes((ours / "bus.public").read_bytes())
    return ours, theirs


def is_ready(line, process):
    """Whether this line of the log is the one with which a process begins its work."""
    return '"event": "ready"' in line and f'"pid": {process.pid},' in line.replace("}", ",")


def test_another_host_joins_with_a_key_and_a_stranger_is_refused(pipeline, keys, unused_ports):
    """Over TCP a classifier elsewhere does the work; one whose key the bus does not know gets none."""
    ours, theirs = keys
    entrance, leave = unused_ports
    addresses = {"bus_in": f"tcp://127.0.0.2:{entrance}", "bus_out": f"tcp://127.0.0.2:{leave}", "bus_keys": ours}
    one = pipeline(capture_source="demo", dashboard_port=0, **addresses)
    one.start(only=["bus", "capture", "detector", "smoother", "dashboard"])
    listener = one.keyed_listener(ours, leave)
    eventually(lambda: len(listener.rows) > 10, "rows over TCP")
    there = {"AFFECT_BUS_KEYS": str(theirs), "AFFECT_RUNTIME_DIR": str(one.folder / "there")}
    stranger = one.worker("classifier", **there)
    one.says("our key is not allowed to join")
    before = len(listener.rows)
    eventually(lambda: len(listener.rows) > before + 60, "more rows")
    assert not listener.live("classifier")
    assert not any(row["classified"] for row in listener.results())
    stranger.terminate()
    assert stranger.wait(10) == 0
    assert not any(is_ready(line, stranger) for line in one.tail(1_000_000).splitlines())
    friend = one.worker("classifier", AFFECT_RUNTIME_DIR=str(one.folder / "elsewhere"))
    eventually(lambda: any(row["classified"] for row in listener.results()), "emotions from the other host")
    assert {status["pid"] for status in listener.statuses.values() if status["stage"] == "classifier"} == {friend.pid}


def test_a_secret_that_others_can_read_is_warned_about(pipeline, keys):
    """Once, by the bus."""
    (keys[0] / "client.secret").chmod(0o644)
    one = pipeline(capture_source="demo", bus_keys=keys[0]).start(only=["bus", "detector"])
    one.ready("bus", "detector")
    assert one.tail(1_000_000).count("others can read a secret key") == 1


def later_than(epoch, listener):
    """A result with a face from a later epoch, if there is one."""
    return next((row for row in listener.results() if row["epoch"] > epoch and row["faces"]), None)


def test_a_second_smoother_and_capture_on_another_host_are_reported(pipeline):
    """Locks do not reach across hosts, so what they would have refused is reported; stopped, they leave no trace."""
    one = pipeline(capture_source="front=demo").start().ready()
    first = one.rows(1)[-1]["epoch"]
    elsewhere = {
        "AFFECT_RUNTIME_DIR": str(one.folder / "elsewhere"),
        "AFFECT_BUS_IN": f"ipc://{one.runtime_dir}/bus.in",
        "AFFECT_BUS_OUT": f"ipc://{one.runtime_dir}/bus.out",
    }
    others = [one.worker(stage, **elsewhere) for stage in ("smoother", "capture")]
    for stage in ("smoother", "capture"):
        eventually(lambda stage=stage: [s for s in one.listener.live(stage) if s["error"]], f"two of {stage} reported")
    one.says("two smoothers on one bus")
    one.says("two captures of one source")
    theirs = eventually(lambda: later_than(first, one.listener), "the other capture's epoch")["epoch"]
    for other in others:
        other.terminate()
    eventually(lambda: later_than(theirs, one.listener), "the first capture again, in an epoch that counts")


def memory_of_all(one):
    """Megabytes by process, once all six are heard of."""

    def found():
        live = {status["process"]: status["memory_mb"] for status in one.listener.live()}
        return live if len(live) == 6 else None

    return eventually(found, "all six")


def test_memory_stays_flat(pipeline, tmp_path):
    """Thousands of frames leave no process bigger than it was after its first few hundred."""
    video = write_video(tmp_path / "small.mp4", 200, size=(320, 180), step=4)
    one = pipeline(capture_source=video, capture_mode="replay", capture_at_end="loop").start().ready()
    one.rows(600)
    early = memory_of_all(one)
    for count in range(800, 3001, 200):
        one.rows(count)
    late = memory_of_all(one)
    assert early.keys() == late.keys()
    growth = {process: late[process] - early[process] for process in early}
    assert max(growth.values()) < 25, growth
