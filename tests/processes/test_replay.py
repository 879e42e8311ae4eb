"""Replay through the real processes: every frame, in order, the same rows whatever is scaled or killed."""

import signal

import pytest

from shared.stages import NEEDED
from tests.processes.harness import PATIENCE_S, assert_same_result, eventually

pytestmark = [pytest.mark.processes]


def test_a_recording_is_processed_whole_and_ends_by_itself(replayed):
    """Every frame once, in order, every third classified, the last with `end`; exit code 0."""
    rows, code, repeats = replayed
    assert code == 0
    assert [row["seq"] for row in rows] == list(range(90))
    assert [row["pts"] for row in rows] == pytest.approx([seq / 30 for seq in range(90)], abs=2e-3)
    assert [row["classified"] for row in rows] == [seq % 3 == 0 for seq in range(90)]
    assert [row["end"] for row in rows] == [False] * 89 + [True]
    assert all(row["complete"] for row in rows)
    assert repeats == []
    assert {row["epoch"] for row in rows} == {rows[0]["epoch"]}


def test_the_face_is_followed_and_smoothed(replayed):
    """The demo's face has one id from its confirmation on, and probabilities that sum to 1."""
    rows, _, _ = replayed
    faces = [face for row in rows for face in row["faces"]]
    assert {face["track_id"] for face in faces} <= {None, 1}
    assert sum(face["track_id"] == 1 for face in faces) >= 80
    assert all(sum(face["smoothed"]) == pytest.approx(1, abs=1e-6) for face in faces if face["smoothed"])
    classified = [face for row in rows if row["classified"] for face in row["faces"]]
    assert all(sum(face["probs"]) == pytest.approx(1, abs=1e-6) for face in classified)
    assert all(face["smoothed"] for face in faces if face["track_id"] == 1)


def with_workers(pipeline, recording, **counts):
    """A pipeline whose workers are all there before its capture is started."""
    one = pipeline(capture_source=recording, capture_mode="replay", capture_at_end="exit")
    one.start(*(f"{stage}={count}" for stage, count in counts.items()), only=["bus", "smoother", *counts])
    one.ready("bus", "smoother")
    for stage, count in counts.items():
        eventually(lambda stage=stage, count=count: len(one.listener.live(stage)) == count, f"{count} of {stage}")
    return one


def all_heard(one):
    """The rows of a recording that is over, in the order in which they came."""
    one.rows(90)
    return one.listener.heard()


def test_more_workers_give_the_same_rows(pipeline, recording, replayed):
    """Two detectors and three classifiers overtake each other; the result does not show it."""
    one = with_workers(pipeline, recording, detector=2, classifier=3)
    assert one.worker("capture").wait(PATIENCE_S) == 0
    assert_same_result(all_heard(one), replayed[0])

    def at_work():
        return [worker["counters"].get("in", 0) > 0 for worker in one.listener.live("detector")]

    eventually(lambda: at_work() == [True, True], "frames for both detectors")


def test_killing_any_stage_changes_no_row(pipeline, recording, replayed):
    """Each stage is killed with SIGKILL in the middle; a recorder that acknowledges its rows misses none."""
    one = pipeline(
        acks=True, capture_source=recording, capture_mode="replay", capture_at_end="exit", capture_ack="recorder"
    )
    one.start()
    killed = []
    for index, stage in enumerate(reversed(NEEDED)):
        one.rows(5 + 15 * index)
        killed.append(one.kill(stage))
    assert one.wait() == 0
    assert len(set(killed)) == len(NEEDED)
    assert len(one.listener.rows) == 90
    assert_same_result(one.listener.results(), replayed[0])
    for repeat in one.listener.repeats:
        first = one.listener.rows[repeat["source"], repeat["epoch"], repeat["seq"]]
        assert {**repeat, "repeat": first["repeat"]} == first


def test_workers_killed_again_and_again(pipeline, recording, replayed):
    """A worker is killed every fifteen rows, by turns; siblings and successors finish what it had."""
    one = pipeline(capture_source=recording, capture_mode="replay", capture_at_end="exit")
    one.start("detector=2,classifier=2")
    for index in range(5):
        one.rows(8 + 15 * index)
        one.kill(("detector", "classifier")[index % 2])
    assert one.wait() == 0
    assert_same_result(one.listener.results(), replayed[0])


def test_a_frozen_worker_is_worked_around(pipeline, recording, replayed):
    """A worker stopped with SIGSTOP keeps its membership for a while; its frames go to its sibling."""
    one = with_workers(pipeline, recording, detector=2, classifier=2)
    capture = one.worker("capture")
    one.rows(10)
    one.kill("detector", signal.SIGSTOP)
    one.kill("classifier", signal.SIGSTOP)
    assert capture.wait(PATIENCE_S) == 0
    assert_same_result(all_heard(one), replayed[0])


def test_hold_stays_and_sends_nothing_more(pipeline, recording):
    """With `hold` the pipeline stays up after the last frame."""
    one = pipeline(capture_source=recording, capture_mode="replay", capture_at_end="hold").start()
    one.rows(90)
    state = one.capture_state("holding")
    assert (state["seq"], state["unfinished"]) == (89, 0)
    said = one.listener.statuses
    beat = {process: status["heard"] for process, status in said.items() if status["stage"] == "capture"}
    eventually(lambda: all(said[process]["heard"] > heard for process, heard in beat.items()), "another status")
    assert one.honcho.poll() is None
    assert (len(one.listener.rows), one.listener.repeats) == (90, [])


def test_loop_begins_a_new_epoch_with_new_tracks(pipeline, recording):
    """Each round is a run of its own: numbers, media time and ids start anew."""
    one = pipeline(capture_source=recording, capture_mode="replay", capture_at_end="loop").start()
    rows = one.rows(190)
    epochs = sorted({row["epoch"] for row in rows})
    assert len(epochs) >= 2
    first, second = ([row for row in rows if row["epoch"] == epoch] for epoch in epochs[:2])
    assert_same_result(second[:90], first[:90])
    assert first[-1]["end"]
