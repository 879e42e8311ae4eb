"""Looking near the faces known already, instead of everywhere."""

from collections.abc import Callable

import numpy as np
import pytest

from detector.mtcnn import Detector
from shared.boxes import overlaps

FACE = np.array([181.05, 62.16, 267.75, 172.05])


def boxes(*rows: np.ndarray) -> np.ndarray:
    """(N, 4) float32."""
    return np.array(rows, np.float32).reshape(-1, 4)


@pytest.mark.parametrize("shift", [(0, 0), (30, 0), (-60, 40), (0, -50)])
@pytest.mark.parametrize("scale", [0.7, 1.0, 1.5])
def test_a_face_that_moved_is_found_near_its_hint(
    detector: Detector, portrait: np.ndarray, shift: tuple[int, int], scale: float
) -> None:
    """As the full scan finds it, without one, half a face off or half as large again."""
    whole = detector.detect(portrait)
    centre, half = (FACE[:2] + FACE[2:]) / 2 + shift, (FACE[2:] - FACE[:2]) / 2 * scale
    found = detector.detect(portrait, boxes(np.concatenate([centre - half, centre + half])))
    assert not found.scanned
    assert overlaps(found.xyxy, whole.xyxy).max() > 0.8
    assert len(found) == 1
    assert np.abs(found.landmarks - whole.landmarks).max() < 8


def test_no_hints_no_search(detector: Detector, portrait: np.ndarray) -> None:
    """Between two scans of a picture with nobody in it, nothing is done."""
    found = detector.detect(portrait, boxes())
    assert (len(found), found.scanned) == (0, False)
    assert found.landmarks.shape == (0, 5, 2)


def test_when_hints_fail_the_whole_frame_is_searched(detector: Detector, place: Callable[..., np.ndarray]) -> None:
    """After a cut no face is where it was."""
    frame = place(1280, 720, (700, 150, 1.0))
    found = detector.detect(frame, boxes(np.array([20, 20, 90, 110])))
    assert found.scanned
    np.testing.assert_array_equal(found.xyxy, detector.detect(frame).xyxy)


def test_one_hint_that_fails_does_not_cost_a_scan(detector: Detector, place: Callable[..., np.ndarray]) -> None:
    """A face that left is found out by the next scan."""
    frame = place(1280, 720, (700, 150, 1.0))
    there = FACE + np.array([700, 150, 700, 150])
    found = detector.detect(frame, boxes(there, np.array([20, 20, 90, 110])))
    assert (len(found), found.scanned) == (1, False)


def test_two_hints_for_one_face_give_it_once(detector: Detector, portrait: np.ndarray) -> None:
    """One on the face, one beside it that leads to it as well."""
    found = detector.detect(portrait, boxes(FACE, FACE + 70))
    assert len(found) == 1


def test_the_same_hints_give_the_same_faces(detector: Detector, crowd: np.ndarray) -> None:
    """Whatever was detected in between: a frame sent again has one result."""
    hints = boxes(*detector.detect(crowd).xyxy[:7] + 9)
    first = detector.detect(crowd, hints)
    detector.detect(crowd[:200, :500], boxes(FACE))
    again = detector.detect(crowd, hints)
    np.testing.assert_array_equal(first.xyxy, again.xyxy)
    np.testing.assert_array_equal(first.confidence, again.confidence)
    assert len(first) >= 7


@pytest.mark.parametrize(
    "hint",
    [
        (np.nan, 0, 50, 50),
        (-np.inf, -np.inf, np.inf, np.inf),
        (100, 100, 20, 20),
        (5000, 5000, 6000, 6000),
        (30, 30, 30.2, 30.2),
        (-300, -300, 20, 20),
    ],
)
def test_a_senseless_hint_harms_nobody(detector: Detector, portrait: np.ndarray, hint: tuple[float, ...]) -> None:
    """Hints come from outside: the face is found all the same."""
    found = detector.detect(portrait, boxes(np.array(hint)))
    assert overlaps(found.xyxy, boxes(FACE)).max() > 0.8


def test_hints_at_the_frame_s_edge(detector: Detector, portrait: np.ndarray) -> None:
    """A face cut off by the edge is found, and its box ends there."""
    frame = np.ascontiguousarray(portrait[80:, 190:])
    whole = detector.detect(frame)
    hints = whole.xyxy + 6
    found = detector.detect(frame, hints)
    assert not found.scanned
    assert overlaps(found.xyxy, whole.xyxy).max() > 0.7
    assert (found.xyxy[:, :2] >= 0).all()
