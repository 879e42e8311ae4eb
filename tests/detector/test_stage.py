"""The detector's stage in memory: what is asked of a frame, who gets its crops."""

import numpy as np
import pytest

from detector.mtcnn import Detections
from detector.stage import DetectorStage
from shared import messages as m
from shared.bus import Subscription
from shared.identity import Identity
from shared.settings import Settings
from shared.stage import Place
from shared.topics import Envelope
from tests.dashboard.made import status


class Finds:
    """A detector that finds the same faces in every frame, and remembers how it was asked."""

    device = "none"

    def __init__(self, confidences):
        self.asked, self.first, self.dropped = [], [], 0
        self.confidences = np.array(confidences, np.float32)

    def detect(self, frame, hints, max_side, first):
        self.asked.append((None if hints is None else hints.tolist(), max_side))
        self.first.append(first.tolist())
        count = len(self.confidences)
        boxes = np.array([[10.0 * n, 0.0, 10.0 * n + 8, 9.0] for n in range(count)], np.float32)
        return Detections(boxes, self.confidences, np.zeros((count, 5, 2), np.float32), dropped=self.dropped)


@pytest.fixture
def finds():
    return Finds([0.99, 0.7])


@pytest.fixture
def stage(tmp_path, finds):
    settings = Settings(_env_file=None, runtime_dir=tmp_path)
    return DetectorStage(Place(settings, Identity("detector", "h", 1, "detector", 0), tmp_path), finds)


def header(seq):
    return {
        "source": "s", "epoch": 1, "seq": seq, "prev": None, "acked": None, "pts": 0.0, "captured_ns": 0, "live": True,
        "end": False,
    }  # fmt: skip


def frame(seq, **asked):
    asked = {"classify": True, "scan": True} | asked
    return m.Frame(**header(seq), image=m.Image.of(np.zeros((20, 40, 3), np.uint8)), **asked)


def hear(stage, *messages, now=0.0):
    return [one.message for one in stage.handle([Envelope("x", "s", message) for message in messages], now)]


def work(stage, now=0.0):
    return [one.message for one in stage.work(now)]


def test_frames_are_searched_in_the_order_in_which_they_came(stage, finds):
    """One at a time, so that between two it is heard what has been given up; as the capture asks."""
    hear(stage, frame(0, max_side=640), frame(1, scan=False, hints=[(0.0, 0.0, 9.0, 9.0)]), frame(2, scan=False))
    said = []
    while stage.has_work():
        said += work(stage)
    assert [message.seq for message in said if isinstance(message, m.Faces)] == [0, 1, 2]
    assert finds.asked == [(None, 640), ([[0.0, 0.0, 9.0, 9.0]], None), ([], None)]


def test_the_captures_signature_is_passed_on(stage):
    """Where it sent none, one is made of the pixels."""
    hear(stage, frame(0, signature=[1, 2, 3]), frame(1))
    signatures = [work(stage)[-1].signature for _ in range(2)]
    assert signatures == [[1, 2, 3], [0] * 192]


def test_each_face_has_its_thumbnail(stage):
    """Of the frame's own pixels, also those that only help tracking."""
    hear(stage, frame(0))
    assert [face.thumbnail for face in work(stage)[-1].faces] == [bytes([128]) * 256] * 2


def test_confident_faces_go_to_the_classifier_that_is_there(stage):
    """The others help tracking; without a classifier they are said all the same."""
    hear(stage, frame(0, deadline_ms=400.0), frame(1))
    (faces,) = work(stage)
    assert [face.classify for face in faces.faces] == [True, False]
    assert faces.classifiers == []
    list(stage.handle_subscription(Subscription(True, "crops/classifier-host-1/"), 0.0))
    crops, faces = work(stage)
    assert isinstance(crops, m.Crops)
    assert [crop.face for crop in crops.crops] == [0]
    assert crops.crops[0].quality.size == 8
    assert faces.classifiers == ["classifier-host-1"]


def test_a_classifier_that_is_silent_gets_none(stage):
    """Crops are worth as long there as their frame was here."""
    for number in (1, 2):
        list(stage.handle_subscription(Subscription(True, f"crops/classifier-host-{number}/"), 0.0))
    hear(stage, status("classifier", pid=2), frame(0, deadline_ms=400.0), now=4.0)
    crops, faces = work(stage, 4.0)
    assert faces.classifiers == ["classifier-host-2"]
    assert crops.deadline_ms == 400.0


def test_in_a_crowd_those_followed_come_first_and_all_take_turns(tmp_path):
    """By their ids; who has none yet comes last. Whoever is left out is said."""
    finds = Finds([0.99] * 4)
    finds.dropped = 3
    settings = Settings(_env_file=None, runtime_dir=tmp_path, classify_faces=2)
    stage = DetectorStage(Place(settings, Identity("detector", "h", 1, "detector", 0), tmp_path), finds)
    known = [(10.0 * n, 0.0, 10.0 * n + 8, 9.0) for n in range(4)]
    asked = {"hints": known, "hint_ids": [7, None, 2, 4], "turns": 8}
    hear(stage, frame(0, **asked), frame(3, turn=1, **asked), frame(6, hints=known, turn=1))
    said = [work(stage)[-1] for _ in range(3)]
    lefts = [[box[0] for box in first] for first in finds.first]
    assert lefts == [[20, 30, 0, 10], [20, 30, 0, 10], [0, 10, 20, 30]], "no ids are known of the last"
    assert [message.left_out for message in said] == [3, 3, 3]
    ways = [[face.classify for face in message.faces] for message in said]
    assert ways == [[False, False, True, True], [True, True, False, False], [True] * 4]
