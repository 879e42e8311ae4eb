"""The classifier's stage in memory: batches and answers."""

import msgspec
import numpy as np
import pytest

from classifier.stage import ClassifierStage
from shared import messages as m
from shared.identity import Identity
from shared.settings import Settings
from shared.stage import Place
from shared.topics import Envelope


class Counts:
    """A classifier that remembers what it was given."""

    name, device = "counts", "none"

    def __init__(self):
        self.batches = []

    def classify(self, crops, qualities):
        self.batches.append(len(crops))
        return np.zeros((len(crops), 7), np.float32), np.full((len(crops), 7), 1 / 7, np.float32)

    def reason(self, quality):
        return "too small" if quality and quality.size < 20 else None


@pytest.fixture
def counts():
    return Counts()


@pytest.fixture
def stage(tmp_path, counts):
    settings = Settings(_env_file=None, runtime_dir=tmp_path, classify_batch=5)
    return ClassifierStage(Place(settings, Identity("classifier", "h", 1, "classifier", 0), tmp_path), counts)


def header(seq):
    return {
        "source": "s", "epoch": 1, "seq": seq, "prev": None, "acked": None, "pts": 0.0, "captured_ns": 0, "live": True,
        "end": False,
    }  # fmt: skip


def crops(seq, count, **more):
    image = m.Image.of(np.zeros((4, 4, 3), np.uint8))
    box = (0.0, 0.0, 4.0, 4.0)
    return m.Crops(**header(seq), crops=[m.Crop(face=n, xyxy=box, image=image) for n in range(count)], **more)


def hear(stage, *messages, now=0.0):
    return [one.message for one in stage.handle([Envelope("x", "s", message) for message in messages], now)]


def work(stage):
    """All that is said until nothing waits."""
    said = []
    while stage.has_work():
        said.append([one.message for one in stage.work(0.0)])
    return said


def test_what_waits_is_classified_together_up_to_a_limit(stage, counts):
    """Oldest first; a message with more crops than the limit goes alone; each gets its own answer."""
    assert hear(stage, *(crops(seq, count) for seq, count in enumerate([2, 2, 2, 9, 1]))) == []
    answers = work(stage)
    assert counts.batches == [4, 2, 9, 1]
    assert [[answer.seq for answer in said] for said in answers] == [[0, 1], [2], [3], [4]]
    assert [len(answer.emotions) for said in answers for answer in said] == [2, 2, 2, 9, 1]


def test_a_face_that_cannot_be_read_is_said_to_be(stage):
    """With its quality and the reason; its probabilities are there all the same."""
    seen = m.Quality(
        size=12.0, sharpness=0.2, noise=0.05, brightness=99.0, contrast=40.0, roll=0.0, turned=1.1, mouth=0.9
    )
    message = crops(0, 3)
    good, small, unknown = message.crops
    good = msgspec.structs.replace(good, quality=msgspec.structs.replace(seen, size=80.0))
    small = msgspec.structs.replace(small, quality=seen)
    hear(stage, msgspec.structs.replace(message, crops=[good, small, unknown]))
    (answer,) = work(stage)[0]
    assert [emotion.reason for emotion in answer.emotions] == [None, "too small", None]
    assert [emotion.quality for emotion in answer.emotions] == [good.quality, seen, None]
    assert sum(answer.emotions[1].probs) == pytest.approx(1)
    assert stage.meter.counters["unreadable"] == 1
