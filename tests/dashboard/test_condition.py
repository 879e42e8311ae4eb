"""dashboard/condition.py: what is wrong is said in words, and what is not the same is not said in the same words."""

import pytest

from dashboard.condition import Condition, condition_of, health_of
from dashboard.waits import Waits
from tests.dashboard.made import source_status


def said(missing=None, unanswered_s=0.2, waits=None, **status):
    return condition_of(source_status(**status), missing or {}, waits or Waits(unanswered_s))


def test_all_is_well():
    """Nothing is said where nothing is to be known."""
    assert said() == Condition("ok")


def test_overload_says_how_much_how_old_and_what_to_do():
    """Not "no face": few frames are looked at, late; and whom to add."""
    load = {"fps": 25.0, "results_fps": 4.0, "age_ms": 900.0, "overloaded": True}
    busy = said(**load, bottleneck="detector", effort=3, scan_s=1.0, max_side=1280, classify_every=3)
    assert busy.level == "warning"
    assert busy.words.startswith("Overloaded: 4 of 25 frames/s are analysed, results are 0.9 s old; add a detector")
    assert "searched every 1 s at 1280 pixels, one frame in 3 is classified" in busy.words
    assert "add a classifier" in said(**load, bottleneck="classifier").words
    assert "old" not in said(**load | {"age_ms": 90.0}).words


def test_less_work_is_said_also_when_it_is_enough():
    """Nothing is skipped, since less is asked of each frame: that is worth knowing and no warning."""
    assert said(effort=1, scan_s=0.5, max_side=1920).level == "notice"
    assert "less" in said(effort=1, scan_s=0.5, max_side=1920).words


@pytest.mark.parametrize("stage", ["detector", "smoother", "bus"])
def test_a_missing_stage_is_named(stage):
    """Without it nothing comes; for a moment there may still be results on their way."""
    assert said({stage: "silent"}, 3.0) == Condition("error", f"No results: {stage} is silent.")
    assert said({stage: "silent"}, 0.5).level == "ok"
    assert said({stage: "not seen"}, None).level == "error"


def test_without_a_classifier_there_are_faces():
    """Live they are found all the same; a replay waits."""
    assert said({"classifier": "failed"}).words == "Faces are detected but not classified: classifier is failed."
    assert said({"classifier": "failed"}, 2.0, live=False) == Condition("error", "No results: classifier is failed.")


def test_no_result_though_frames_arrive_names_the_stage():
    """All processes say that they are ready, and nothing comes."""
    fault = said(unanswered_s=7.2, waits_for="smoother", waits_s=6.9)
    assert fault == Condition("error", "No result for 7 s though frames arrive, smoother has had the oldest for 7 s.")
    assert said(unanswered_s=4.9, waits_for="smoother", waits_s=4.9).level == "ok"
    assert said(unanswered_s=9.0, fps=0.2).level == "ok", "a picture each five seconds"
    assert said(unanswered_s=16.0, fps=0.2).level == "error"


def test_a_source_that_is_gone_silent_opening_or_over():
    """Each in its own words, with the reason where there is one."""
    gone = said(state="reconnecting", error="camera 0: unplugged")
    assert gone.level == "warning"
    assert "The source is gone" in gone.words
    assert "unplugged" in gone.words
    assert "silent" in condition_of(None, {}, Waits()).words
    assert said(state="opening").words == "Opening the source."
    assert said(state="ended").level == "ok"
    assert said(error="no recorder").level == "error"


def test_one_camera_of_several_that_is_gone_is_a_warning_that_names_it():
    """The others go on, so it is no reason to restart anything."""
    gone, well = said(state="reconnecting", error="unplugged"), Condition("ok")
    health = health_of({"door": gone, "hall": well}, {}, ["door"])
    assert health.status == "warning"
    assert health.problems == []
    assert health.warnings[0].startswith("door: The source is gone")
    assert health_of({"door": gone}, {}, ["door"]).status == "unavailable"
    assert health_of({"door": gone, "hall": gone}, {}, ["door", "hall"]).status == "unavailable"


def test_health_is_about_results():
    """A source whose frames nobody answers is a fault although every process lives; overload is a warning."""
    stuck, busy = said(unanswered_s=7.0), said(overloaded=True)
    assert health_of({"hall": stuck, "door": Condition("ok")}, {}, ["hall"]).status == "unavailable"
    assert health_of({"hall": busy, "door": busy}, {}, []).status == "warning"
    assert health_of({"hall": Condition("notice", "x")}, {}, []).status == "ok"
    assert health_of({}, {"detector": "silent"}, []).problems == ["detector is silent"]
