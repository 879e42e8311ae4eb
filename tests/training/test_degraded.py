"""Conditions of the frame: where a face goes when its frame is rolled or shrunk."""

import numpy as np
import pytest

from detector.mtcnn import Detections
from training import degraded
from training.data import Faces
from training.degraded import CLEAN, STRENGTHS, Place, _moved, gather, in_frame, ways
from training.view import BORDER, ENLARGED

NOBODY = Detections(np.empty((0, 4)), np.empty(0), np.empty((0, 5, 2)))


def spot(frame: np.ndarray) -> np.ndarray:
    """The centre of what is bright in a frame."""
    down, across = np.nonzero(frame[..., 0] > frame.max() / 2)
    return np.array([across.mean(), down.mean()])


@pytest.mark.parametrize(("condition", "side"), [(CLEAN, 384), ("small", 24), ("rolled", 384), ("blur", 384)])
def test_points_move_with_their_frame(condition: str, side: int) -> None:
    """A bright spot is where its place is moved to."""
    image = np.zeros((48, 48), np.uint8)
    image[18:22, 10:14] = 255
    at = np.array([12.0, 20.0]) * ENLARGED / 48 + BORDER
    frame, moved = in_frame(image, condition, 1.0)
    assert frame.shape == (side, side, 3)
    place = _moved(Place(np.concatenate([at - 16, at + 24]), np.tile(at, (5, 1)), found=True), moved)
    tolerance = 1.5 * side / 384 + 0.5
    assert spot(frame) == pytest.approx(place.landmarks[0], abs=tolerance)
    assert place.xyxy[2] - place.xyxy[0] == pytest.approx(40 * side / 384)
    assert not place.found


def test_every_condition_has_every_strength_and_the_undisturbed_comes_first() -> None:
    """The others take their faces from it."""
    first, *others = ways()
    assert first == (CLEAN, 0.0)
    assert {strength for name, strength in others if name == "rolled"} == set(STRENGTHS)
    assert len(others) == len(set(others)) == len({name for name, _ in others}) * len(STRENGTHS)


class Sure:
    """Finds the face of a picture in the middle of its frame, as long as that is large and upright."""

    def detect(self, frame: np.ndarray, hints: np.ndarray | None = None) -> Detections:
        """Nobody near hints: then what is known has to do."""
        if hints is not None or len(frame) < 384:
            return NOBODY
        box = np.array([[130.0, 110.0, 250.0, 280.0]])
        eyes_nose_mouth = np.array([[[160.0, 170.0], [220.0, 170.0], [190.0, 200.0], [165.0, 235.0], [215.0, 235.0]]])
        return Detections(box, np.array([0.99]), eyes_nose_mouth)


class Says:
    """A classifier that says the same of every face."""

    def classify(self, crops: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Seven zeros for each."""
        return np.zeros((len(crops), 7), np.float32), np.full((len(crops), 7), 1 / 7, np.float32)


def test_all_pictures_as_they_are_and_some_in_each_condition(faces: Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the detector finds nothing, the crop is taken where the undisturbed face was."""
    monkeypatch.setattr(degraded, "pipeline_detector", lambda *_, **__: Sure())
    faces = faces.take(np.arange(6))
    samples = gather(faces, {"says": Says()}, 1, every=4)  # type: ignore[dict-item]  # all that is called
    others = len(list(ways())) - 1
    assert len(samples.label) == len(samples.quality) == len(samples.logits["says"]) == 6 + 2 * others
    assert samples.picture.tolist() == [*range(6), *[0, 4] * others]
    assert (samples.label == faces.labels[samples.picture]).all()
    assert samples.found.tolist() == (samples.condition != "small").tolist()
    sizes = [
        samples.quality[row].size for row in np.flatnonzero((samples.condition == "small") & (samples.strength == 1))
    ]
    assert sizes == [pytest.approx(120 / 16, abs=0.1)] * 2
