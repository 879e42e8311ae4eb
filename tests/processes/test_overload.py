"""Too much to do: results come later and fewer, by turns, and nothing piles up. Stand-ins of fixed cost sleep."""

import sys
from collections import Counter

import pytest

from tests.processes.harness import eventually, write_video

pytestmark = [pytest.mark.processes]


NOTHING_IS_WRITTEN = """
import resource, runpy
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
runpy.run_module({!r}, run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two minutes of one picture, small: what it costs is a stand-in's business."""
    return write_video(tmp_path_factory.mktemp("media") / "still.mp4", 3600, (160, 90), step=0)


def slow(pipeline, clip, sources, detector_ms=0, classifier_ms=0, **settings):
    """A pipeline with a detector that takes so long for a frame and a classifier that takes so long for a face."""
    listed = ",".join(f"s{index}={clip}" for index in range(sources))
    one = pipeline(capture_source=listed, capture_at_end="hold", **settings).start(only=["bus", "capture", "smoother"])
    for stage, cost in (("detector", detector_ms), ("classifier", classifier_ms)):
        one.launch([sys.executable, "-m", "benchmarks.standin", stage, str(cost)])
    return one


def complete(one):
    """The complete results, as they came."""
    return [row for row in one.listener.heard() if row["complete"]]


def after(one, count):
    """Wait for so many more complete results; all results that came meanwhile."""
    before, rows = len(complete(one)), len(one.listener.rows)
    eventually(lambda: len(complete(one)) >= before + count, lambda: f"{count} results\n{one.tail()}")
    return one.listener.heard()[rows:]


def status_of(one, source="s0"):
    captures = one.listener.live("capture")
    return next((each for status in captures for each in status["sources"] if each["source"] == source), None)


@pytest.mark.parametrize(("cost_ms", "results"), [(700, 8), (3300, 3)])
def test_detection_longer_than_the_deadline_gives_results(pipeline, clip, cost_ms, results):
    """Once it is known how long a frame takes, none is given up, and the detector works on nothing in vain."""
    one = slow(pipeline, clip, 1, detector_ms=cost_ms)
    after(one, 2)
    rows = after(one, results)
    assert all(row["complete"] for row in rows)
    assert all(row["faces"] for row in rows)
    detector = one.counters("detector")
    assert detector["in"] - detector["out"] - detector.get("stale", 0) <= 2, "no queue"
    assert detector["out"] <= len(complete(one)) + 3, "nothing for nobody"


def test_sources_take_turns(pipeline, clip):
    """Eight sources share one slow detector evenly; each result is of a frame that was new when it was begun."""
    one = slow(pipeline, clip, 8, detector_ms=120)
    eventually(lambda: len({row["source"] for row in complete(one)}) == 8, "all sources")
    rows = [row for row in after(one, 80) if row["complete"]]
    each = Counter(row["source"] for row in rows)
    assert len(each) == 8
    assert min(each.values()) >= 0.7 * len(rows) / 8
    unfinished = [source["unfinished"] for status in one.listener.live("capture") for source in status["sources"]]
    assert sum(unfinished) <= 3


def test_slow_classifiers_are_not_waited_for_by_all(pipeline, clip):
    """Faces go on being found, as many as there is room for are classified, and sources take turns in that."""
    one = slow(pipeline, clip, 4, classifier_ms=150)  # four faces: 0.6 s a frame
    eventually(lambda: len({row["source"] for row in complete(one) if row["classified"]}) == 4, "all sources")
    rows = [row for row in after(one, 120) if row["complete"]]
    classified = Counter(row["source"] for row in rows if row["classified"])
    assert len(rows) > 2 * sum(classified.values())
    assert all(face["probs"] for row in rows if row["classified"] for face in row["faces"])


def test_overload_is_said_and_less_is_asked(pipeline, clip):
    """The status tells what is skipped and what is reduced; when the detector is fast again all is undone."""
    one = slow(pipeline, clip, 1, detector_ms=150)
    busy = eventually(
        lambda: (s := status_of(one)) and s["overloaded"] and s["effort"] >= 2 and s, "overload in status"
    )
    assert busy["results_fps"] < 0.8 * busy["fps"]
    assert busy["scan_s"] > 0.25
    assert busy["age_ms"] >= 150
    one.processes[1].terminate()  # the detector, in whose place comes one that takes no time
    one.launch([sys.executable, "-m", "benchmarks.standin", "detector", "0"])
    eventually(lambda: (s := status_of(one)) and not s["overloaded"], "no overload")
    eventually(lambda: (s := status_of(one)) and s["effort"] < busy["effort"], "more is asked again")


def test_a_replay_is_never_reduced(pipeline, recording):
    """However slow the workers: every frame, scanned and classified as set."""
    one = pipeline(capture_source=recording, capture_mode="replay", capture_at_end="exit")
    one.start(only=["bus", "capture", "smoother"])
    for stage, cost in (("detector", 60), ("classifier", 20)):
        one.launch([sys.executable, "-m", "benchmarks.standin", stage, str(cost)])
    rows = one.rows(90)
    assert all(row["complete"] for row in rows)
    assert [row["classified"] for row in rows] == [seq % 3 == 0 for seq in range(90)]


def test_no_disk_no_matter(pipeline):
    """A live pipeline whose every write to a file fails goes on; what is at stake is said."""
    one = pipeline(capture_source="demo").start(only=["bus"])
    for stage in ("smoother", "capture", "detector", "classifier"):
        one.launch([sys.executable, "-c", NOTHING_IS_WRITTEN.format(stage)])
    after(one, 20)
    assert all(process.poll() is None for process in one.processes)
    eventually(lambda: [s for s in one.listener.live("smoother") if "cannot be written" in (s["error"] or "")], "said")
