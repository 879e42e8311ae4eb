"""The parity promised on real clips; `make bench` measures all of it."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmarks.detector import CLIPS, compare, compare_hints, frames, rate, reference
from capture.hints import Hints
from detector.mtcnn import Detector
from shared.settings import load_settings

VIDEOS = Path(__file__).parents[3] / "shared" / "data" / "videos"
LARGE = "facenet_pytorch_video"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not VIDEOS.is_dir(), reason=f"the development clips are not at {VIDEOS}"),
]


@pytest.mark.parametrize(("clip", "size"), [(clip, 40 if clip == LARGE else 20) for clip in CLIPS])
def test_the_references_faces_are_found(make_detector: Callable[..., Detector], clip: str, size: int) -> None:
    """On a few frames of each clip: at least 99 % of the reference's sure boxes, and at most 1 % of others."""
    (path,) = VIDEOS.glob(f"{clip}.*")
    result = compare(frames(path, every=70), make_detector(min_face_size=size), reference(size))
    assert result.total > 1
    assert result.recall >= 0.99
    assert result.precision >= 0.99


@pytest.mark.parametrize("clip", ["pyfeat_single_face", "face_recognition_short_hamilton"])
def test_hints_find_the_full_scans_faces(make_detector: Callable[..., Detector], clip: str) -> None:
    """On consecutive frames: at least 98 % of the boxes that searching the whole frame finds."""
    (path,) = VIDEOS.glob(f"{clip}.*")
    result = compare_hints(islice(frames(path, 1), 75), rate(path), make_detector(min_face_size=40))
    assert result.total > 50
    assert result.recall >= 0.98


def test_a_new_face_is_found_within_half_a_second(make_detector: Callable[..., Detector]) -> None:
    """Somebody enters an empty picture: what searching every frame finds first is found little later."""
    settings, detector = load_settings(), make_detector(min_face_size=40)
    (path,) = VIDEOS.glob("pyfeat_noface_face.*")
    fps, hints = rate(path), Hints(settings.hint_lag, settings.scan_seconds)
    first: dict[str, float] = {}
    for seq, frame in enumerate(frames(path, 1)):
        scan = hints.scan_is_due(seq, seq / fps, (seq - 1) / fps if seq else None)
        whole = detector.detect(frame)
        seen = whole if scan else detector.detect(frame, np.array(hints.of(seq), np.float32).reshape(-1, 4))
        hints.learn(seq, seq / fps, [(None, box) for box in seen.xyxy.tolist()])
        for name, found in (("whole", whole), ("hinted", seen)):
            if (found.confidence >= 0.9).any():
                first.setdefault(name, seq / fps)
        if "hinted" in first:
            break
    assert first["whole"] > 0.5, "the clip begins without a face"
    assert first["hinted"] - first["whole"] <= 0.5
