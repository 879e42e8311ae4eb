"""Health is about results: each way in which they can stop is noticed within some seconds, and named."""

import msgspec
import pytest

from dashboard.state import State
from shared.stages import NEEDED
from tests.dashboard.made import face, result, source_status, status

SIX = [f"cam{number}" for number in range(6)]


class Pipeline:
    """A pipeline of made-up statuses and results, ten frames and one status a second, told to a State."""

    def __init__(self, sources=("cam0",)):
        self.state = State()
        self.now = 0.0
        self.seq = 0
        self.sources = list(sources)
        self.stages = [stage for stage in NEEDED if stage != "capture"]
        self.reports: dict[str, dict[str, object]] = {}
        self.mute: set[str] = set()
        self.faces = (face(),)

    def run(self, seconds, capture=True, complete=True, classified=True):
        """Let time pass; `mute` sources get no results, `capture` is False when it says nothing."""
        for _ in range(round(seconds * 10)):
            self.now += 0.1
            self.seq += 1
            if self.seq % 10 == 0:
                self.say(capture)
            for source in self.sources:
                if source not in self.mute:
                    heard = result(self.seq, source, faces=self.faces)
                    heard = msgspec.structs.replace(heard, complete=complete, classified=classified)
                    self.state.hear(heard, self.now)
        return self

    def say(self, capture):
        for stage in self.stages:
            self.state.hear(status(stage), self.now)
        if capture:
            reports = [source_status(source, **self.reports.get(source, {})) for source in self.sources]
            self.state.hear(status("capture", sources=reports), self.now)

    @property
    def health(self):
        return self.state.snapshot(self.now).health()

    def words(self, source="cam0"):
        return {view.source: view.words for view in self.state.snapshot(self.now).sources}[source]


def test_all_is_well():
    """No words where there is nothing to say."""
    one = Pipeline(SIX).run(5)
    assert one.health == ("ok", [], [])
    assert one.words() == "live"


@pytest.mark.parametrize("stage", ["smoother", "detector", "bus"])
def test_a_stage_that_is_stopped_or_gone(stage):
    """It says nothing any more, and frames wait: named within four seconds, whether or not frames still arrive."""
    one = Pipeline().run(5)
    one.stages.remove(stage)
    one.mute = {"cam0"}
    one.reports["cam0"] = {"unfinished": 2, "waits_for": stage}
    one.run(4)
    assert one.health.status == "unavailable"
    assert f"{stage} is silent" in one.health.problems[0]
    assert one.words() == f"no results: {stage} is silent"


def test_a_smoother_that_says_it_is_ready_and_answers_nothing():
    """All processes live; that results are missing is what counts, and who has them."""
    one = Pipeline().run(5)
    one.mute = {"cam0"}
    one.reports["cam0"] = {"unfinished": 2, "waits_for": "smoother", "waits_s": 6.0}
    one.run(4)
    assert one.health.status == "ok", "not yet"
    one.run(2)
    assert one.health.status == "unavailable"
    assert "cam0: No result for 6 s though frames arrive, smoother has had the oldest" in one.health.problems[0]
    assert one.words() == "no result for 6 s, waiting for the smoother"


def test_one_source_of_six_without_results():
    """The others do not hide it."""
    one = Pipeline(SIX).run(5)
    one.mute = {"cam3"}
    one.run(6)
    assert one.health.status == "unavailable"
    assert [problem.split(":")[0] for problem in one.health.problems] == ["cam3"]
    assert one.words("cam2") == "live"


def test_frames_that_are_all_given_up():
    """Each has a result, and none is whole."""
    one = Pipeline().run(5).run(6, complete=False)
    assert one.health.status == "unavailable"
    assert "No result for 6 s" in one.health.problems[0]


def test_a_classifier_that_is_ready_and_answers_nothing():
    """Two of three frames are whole, as no emotions are due in them; faces are found, and nobody knows their label."""
    one = Pipeline().run(5)
    one.faces = (face(probs=None),)
    for _ in range(15):
        one.run(0.1, complete=False).run(0.2, classified=False)
    assert one.health.status == "ok", "not yet"
    one.run(0.1, complete=False).run(2, classified=False)
    assert one.health.status == "unavailable"
    assert "none was classified" in one.health.problems[0]
    assert one.words().startswith("faces are not classified for")


def test_a_classifier_that_is_gone():
    """Live, faces are still found; that is said in other words, and is no health."""
    one = Pipeline().run(5)
    one.stages.remove("classifier")
    one.faces = (face(probs=None),)
    one.run(4, classified=False)
    assert one.health.status == "unavailable"
    assert one.health.problems == ["classifier is silent"]
    assert one.words() == "no classifier: faces are not classified (classifier is silent)"


def test_a_capture_that_hangs_or_is_gone():
    """Its sources are silent, and so is the stage."""
    one = Pipeline().run(5)
    one.mute = {"cam0"}
    one.run(5, capture=False)
    assert one.health.problems == ["capture is silent", "cam0: The capture of this source is silent."]
    assert one.words().startswith("silent for")


@pytest.mark.parametrize("sources", [["cam0"], SIX])
def test_a_camera_that_hangs(sources):
    """Its capture lives and says that it runs, at no frame per second; one of six is a warning, all are a fault."""
    one = Pipeline(sources).run(5)
    one.mute = {"cam0"}
    one.reports["cam0"] = {"fps": 0.0, "unfinished": 0}
    one.run(3)
    assert one.words().startswith("no frame for")
    assert one.health.status == ("unavailable" if sources == ["cam0"] else "warning")
    assert "No frame has come" in (one.health.problems + one.health.warnings)[0]


@pytest.mark.parametrize("state", ["opening", "reconnecting"])
def test_a_camera_that_is_gone_or_cannot_be_opened(state):
    """In words of its own, with the reason."""
    one = Pipeline().run(5)
    one.mute = {"cam0"}
    one.reports["cam0"] = {"state": state, "error": "no route to host", "fps": 0.0, "unfinished": 0}
    one.run(2)
    assert one.health.status == "unavailable"
    assert "no route to host" in one.health.problems[0]


def test_the_end_of_a_recording_whose_last_frames_nobody_answers():
    """It is over only when they are."""
    one = Pipeline().run(5)
    one.mute = {"cam0"}
    one.reports["cam0"] = {"state": "holding", "fps": 0.0, "unfinished": 3, "live": False}
    one.run(6)
    assert one.health.status == "unavailable"
    one.reports["cam0"] |= {"unfinished": 0}
    one.run(1)
    assert one.health.status == "ok"


def test_overload_is_a_warning():
    """Results come, though not of every frame."""
    one = Pipeline().run(5)
    one.reports["cam0"] = {"overloaded": True, "results_fps": 4.0, "bottleneck": "detector"}
    one.run(2)
    assert one.health.status == "warning"
    assert one.words() == "overloaded: 4 of 30 frames/s are analysed"


def test_a_stage_that_is_back_is_noticed_within_two_seconds():
    """And so is an added worker."""
    one = Pipeline().run(5)
    one.stages.remove("smoother")
    one.run(5)
    assert one.health.status == "unavailable"
    one.state.hear(status("smoother", pid=7), one.now)
    one.run(1)
    assert one.health.status == "ok"
    one.state.hear(status("detector", pid=8), one.now)
    detectors = [stage for stage in one.state.snapshot(one.now).stages if stage.stage == "detector"]
    assert (detectors[0].ready, detectors[0].total) == (2, 2)
