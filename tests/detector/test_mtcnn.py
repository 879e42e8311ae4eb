"""The whole cascade on composed frames."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.detector import reference
from detector.crops import roll, square_crop
from detector.mtcnn import Detections, Detector
from detector.turned import boxes_back
from shared.boxes import overlaps

FACE = np.array([181.05, 62.16, 267.75, 172.05])

ROOT = Path(__file__).parents[2]


def assert_found(detections: Detections, *expected: np.ndarray) -> None:
    """Exactly the expected boxes, each at IoU 0.8 or better."""
    assert len(detections) == len(expected)
    assert (overlaps(np.array(expected), detections.xyxy).max(axis=1) > 0.8).all()


def assert_same(a: Detections, b: Detections) -> None:
    """Equal to the last bit."""
    for name in ("xyxy", "confidence", "landmarks"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert a.dropped == b.dropped


def assert_empty(detections: Detections) -> None:
    """No face, as arrays of the usual shapes."""
    assert detections.xyxy.shape == (0, 4)
    assert detections.confidence.shape == (0,)
    assert detections.landmarks.shape == (0, 5, 2)
    assert detections.dropped == 0


def test_a_face_is_found_where_it_is(detector: Detector, portrait: np.ndarray) -> None:
    """One portrait gives one face at its place, in the promised types, with the landmarks inside the box."""
    found = detector.detect(portrait)
    assert_found(found, FACE)
    assert found.xyxy.dtype == found.confidence.dtype == found.landmarks.dtype == np.float32
    assert found.confidence[0] > 0.99
    left_eye, right_eye, nose, left_mouth, right_mouth = found.landmarks[0]
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_eye[1] < nose[1] < left_mouth[1]
    assert left_mouth[0] < right_mouth[0]
    assert (found.landmarks[0] > found.xyxy[0, :2]).all()
    assert (found.landmarks[0] < found.xyxy[0, 2:]).all()


@pytest.mark.parametrize(("x", "y", "scale"), [(0, 0, 1.0), (300, 40, 1.4), (611, 333, 0.5), (50, 400, 0.3)])
def test_place_and_scale_are_those_of_the_frame(
    detector: Detector, place: Callable[..., np.ndarray], x: int, y: int, scale: float
) -> None:
    """A face moved and scaled in the frame moves and scales in the result."""
    assert_found(detector.detect(place(1100, 800, (x, y, scale))), FACE * scale + [x, y, x, y])


def test_two_faces_of_different_size(detector: Detector, place: Callable[..., np.ndarray]) -> None:
    """Several faces come out together, the most confident first."""
    found = detector.detect(place(1000, 700, (20, 30, 1.0), (600, 300, 0.6)))
    assert_found(found, *(FACE * scale + np.array([x, y, x, y]) for x, y, scale in ((20, 30, 1.0), (600, 300, 0.6))))
    assert (np.diff(found.confidence) <= 0).all()


def test_faces_above_the_cap_are_dropped_and_counted(
    detector: Detector, make_detector: Callable[..., Detector], crowd: np.ndarray
) -> None:
    """Of thirty faces the cap keeps some, known ones first, and counts the others."""
    everyone, some = detector.detect(crowd), make_detector(max_faces=10).detect(crowd)
    assert len(everyone) >= 29
    assert everyone.dropped == 0
    assert (len(some), some.dropped) == (10, len(everyone) - 10)
    known = everyone.xyxy[-10:]
    followed = make_detector(max_faces=10).detect(crowd, first=known)
    np.testing.assert_array_equal(followed.xyxy, known)
    np.testing.assert_array_equal(followed.landmarks, everyone.landmarks[-10:])


@pytest.mark.parametrize(
    "shape", [(0, 0), (1, 1), (1, 300), (15, 15), (19, 19), (20, 20), (13, 4000), (4000, 13), (21, 3000), (240, 320)]
)
def test_any_size_without_a_face_gives_empty_arrays(detector: Detector, shape: tuple[int, int]) -> None:
    """Frames smaller than a face, very wide, very tall or black give no face and no crash."""
    assert_empty(detector.detect(np.zeros((*shape, 3), np.uint8)))


def test_noise_does_not_crash(detector: Detector) -> None:
    """Pixels without meaning give some valid result."""
    noise = np.random.default_rng(7).integers(0, 256, (333, 517, 3), np.uint8)
    found = detector.detect(noise)
    assert (found.xyxy >= 0).all()
    assert len(found.landmarks) == len(found)


def test_grey_frames_work(detector: Detector, portrait: np.ndarray) -> None:
    """A grey camera's frame, its one channel repeated, still shows its face."""
    grey = cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY)
    assert_found(detector.detect(np.repeat(grey[:, :, None], 3, axis=2)), FACE)


def test_a_view_is_as_good_as_a_copy(detector: Detector, portrait: np.ndarray) -> None:
    """Frames need not be contiguous."""
    view = portrait[10:400, 60:420]
    assert_same(detector.detect(view), detector.detect(view.copy()))


def test_the_same_frame_gives_the_same_bits(detector: Detector, portrait: np.ndarray, crowd: np.ndarray) -> None:
    """What was detected before, at whatever size, leaves no trace."""
    first = detector.detect(portrait)
    detector.detect(crowd)
    detector.detect(np.flipud(portrait))
    assert_same(detector.detect(portrait), first)


def test_boxes_end_at_the_edge(detector: Detector, portrait: np.ndarray) -> None:
    """A face cut by the frame's edge gets a box inside the frame."""
    cut = np.ascontiguousarray(portrait[:, 203:])
    found = detector.detect(cut)
    assert len(found) == 1
    assert found.xyxy[0, 0] == 0
    assert (found.xyxy[:, 2:] <= [cut.shape[1], cut.shape[0]]).all()


def test_lowering_the_last_threshold_only_adds(make_detector: Callable[..., Detector], crowd: np.ndarray) -> None:
    """Unsure boxes are there for tracking, and change nothing about the sure ones."""
    blurred = cv2.GaussianBlur(crowd, (0, 0), 4)
    sure = make_detector().detect(blurred)
    more = make_detector(detect_thresholds=(0.6, 0.7, 0.5)).detect(blurred)
    assert len(more) > len(sure) > 0
    assert more.confidence[-1] < 0.7
    np.testing.assert_array_equal(more.xyxy[: len(sure)], sure.xyxy)
    np.testing.assert_array_equal(more.confidence[: len(sure)], sure.confidence)


def test_a_working_size_keeps_the_frames_coordinates(
    make_detector: Callable[..., Detector], portrait: np.ndarray
) -> None:
    """With `detect_max_side` faces are searched in a smaller frame and reported in pixels of the given one."""
    large = cv2.resize(portrait, (1536, 1280), interpolation=cv2.INTER_CUBIC)
    found = make_detector(detect_max_side=512).detect(large)
    assert_found(found, FACE * [3, 2.5, 3, 2.5])
    assert (found.landmarks[0] > found.xyxy[0, :2]).all()
    assert_empty(make_detector(detect_max_side=1).detect(large))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_turned_copies_are_searched_on_request(
    make_detector: Callable[..., Detector], portrait: np.ndarray, quarters: int
) -> None:
    """A face on its side or upside down is found where it is, and its eyes tell how far it is turned."""
    detector = make_detector(detect_turned=True)
    (upright,) = detector.detect(portrait).xyxy
    lying = np.ascontiguousarray(np.rot90(portrait, quarters))
    found = detector.detect(lying)
    x1, y1, x2, y2 = boxes_back(found.xyxy, quarters, portrait.shape[1::-1])[0]
    np.testing.assert_allclose([x1, y1, x2, y2], upright, atol=2)
    assert abs((roll(found.landmarks[0]) + 90 * quarters + 180) % 360 - 180) < 15
    expected, _ = square_crop(portrait, upright, roll=roll(found.landmarks[0]) + 90 * quarters)
    crop, _ = square_crop(lying, found.xyxy[0], roll=roll(found.landmarks[0]))
    assert np.abs(cv2.resize(crop, expected.shape[:2]).astype(int) - expected).mean() < 25  # otherwise 70


def test_faces_below_the_smallest_size_are_not_searched(
    make_detector: Callable[..., Detector], portrait: np.ndarray
) -> None:
    """`min_face_size` bounds the work: a face far below it is not found."""
    assert len(make_detector(min_face_size=240).detect(portrait)) == 0


@pytest.mark.parametrize("min_face_size", [20, 40])
def test_parity_with_facenet_pytorch(
    make_detector: Callable[..., Detector], place: Callable[..., np.ndarray], crowd: np.ndarray, min_face_size: int
) -> None:
    """The reference's boxes, probabilities and landmarks, on frames of odd and even sizes and with many faces."""
    detector, other = make_detector(min_face_size=min_face_size), reference(min_face_size)
    many = crowd if min_face_size == 40 else crowd[:, :600]
    for frame in (place(801, 601, (100, 40, 1.0)), place(640, 360, (5, 3, 0.4), (380, 90, 0.5)), many):
        ours = detector.detect(frame)
        boxes, confidence, landmarks = other.detect(np.ascontiguousarray(frame[:, :, ::-1]), landmarks=True)
        assert len(ours) == len(boxes)
        matches = overlaps(boxes.astype(float), ours.xyxy)
        nearest = matches.argmax(axis=1)
        assert sorted(nearest) == list(range(len(boxes)))
        assert matches.max(axis=1).min() > 0.9
        np.testing.assert_allclose(ours.landmarks[nearest], landmarks.astype(float), atol=2)
        np.testing.assert_allclose(ours.confidence[nearest], confidence.astype(float), atol=0.02)


def test_swapped_colours_would_be_noticed(detector: Detector, portrait: np.ndarray) -> None:
    """Frames are BGR: the same portrait in RGB gives a box farther from the reference's than parity allows."""
    right, swapped = detector.detect(portrait), detector.detect(np.ascontiguousarray(portrait[:, :, ::-1]))
    assert np.abs(right.xyxy[0] - FACE).max() < 1.0 < np.abs(swapped.xyxy[0] - FACE).max()


def test_nothing_calls_out_and_torch_stays_unloaded() -> None:
    """OpenVINO's telemetry is kept out: no name is looked up, no connection opened; and no torch."""
    program = """
import sys
def hook(event, details):
    if event.startswith("socket.") and event != "socket.gethostname":
        sys.exit(f"{event} {details}")
sys.addaudithook(hook)
import numpy as np
from detector.mtcnn import Detector
from shared.settings import DEFAULTS
settings = DEFAULTS.model_copy(update={"device": "cpu"})
Detector(settings).detect(np.zeros((99, 99, 3), np.uint8))
sys.exit("torch was imported" if "torch" in sys.modules else 0)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
