"""The parity promised on real clips; `python -m benchmarks.detector` measures all of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.detector import CLIPS, compare, frames, reference
from detector.mtcnn import Detector

VIDEOS = Path(__file__).parents[3] / "shared" / "data" / "videos"


@pytest.mark.data
@pytest.mark.skipif(not VIDEOS.is_dir(), reason=f"the development clips are not at {VIDEOS}")
@pytest.mark.parametrize("clip", CLIPS)
def test_the_references_faces_are_found(make_detector: Callable[..., Detector], clip: str) -> None:
    """On a few frames of each clip: at least 99 % of the reference's sure boxes, and at most 1 % of others."""
    (path,) = VIDEOS.glob(f"{clip}.*")
    result = compare(frames(path, every=35), make_detector(min_face_size=40), reference(40))
    assert result.total > 1
    assert result.recall >= 0.99
    assert result.precision >= 0.99
