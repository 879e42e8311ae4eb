"""Identity on a real clip, from the pixels on."""

from itertools import islice
from pathlib import Path

import pytest

from benchmarks.tracking import build_detector, follow, looks

CLIP = Path(__file__).parents[3] / "shared" / "data" / "videos" / "face_recognition_short_hamilton.mp4"


@pytest.mark.data
def test_hard_cuts_make_everybody_new():
    """Three shots of two singers on a stage, one listener, the singer again: four ids, none beyond its shot."""
    if not CLIP.exists():
        pytest.skip(f"{CLIP} is not there: the development data folder is missing")
    listed = follow(list(islice(looks(CLIP, build_detector()), 100)), stride=1)
    assert {track_id: (numbers[0] >= 20) + (numbers[0] >= 82) for track_id, numbers in listed.items()} == {
        1: 0,
        2: 0,
        3: 1,
        4: 2,
    }
    assert [numbers[-1] for numbers in listed.values()][:2] == [19, 19]
    assert listed[3][-1] < 82
    assert listed[4] == list(range(84, 100))
