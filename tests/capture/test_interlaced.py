"""Interlaced films are shown as the progressive film they were made from."""

from fractions import Fraction
from itertools import pairwise

import av
import cv2
import numpy as np
import pytest

from capture.sources import FileSource
from capture.sources.deinterlace import Deinterlacer
from tests.capture.films import FIELDS, Flagged, film, read, times

SIZE = (160, 96)
DV = (720, 576)


def scene(field: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A bright bar that moves by a fortieth of the width a field."""
    width, height = size
    image = np.full((height, width, 3), 60, np.uint8)
    left = width * (2 + field) // 40
    image[height // 6 : -height // 6, left : left + width // 3] = 200
    return image


def woven(frame: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Two fields in one frame, the upper lines first."""
    image = scene(2 * frame, size)
    image[1::2] = scene(2 * frame + 1, size)[1::2]
    return image


def combing(image: np.ndarray) -> float:
    """How much neighbouring lines differ more than lines two apart, in grey levels; 0 without combs."""
    lines = image.astype(int)
    return float(np.abs(lines[1:-1:2] - lines[:-2:2]).mean() - np.abs(lines[2::2] - lines[:-2:2]).mean())


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """The share of pixels that differ by more than half the bar's contrast."""
    return float((np.abs(one.astype(int) - other) > 70).mean())


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "options", "size"),
    [
        ("a.mp4", "libx264", "yuv420p", {**FIELDS, "x264opts": "tff=1"}, SIZE),
        ("b.ts", "libx264", "yuv420p", {**FIELDS, "x264opts": "tff=1", "bf": "2"}, SIZE),
        ("c.mpg", "mpeg2video", "yuv420p", {**FIELDS, "q": "2"}, SIZE),
        ("d.mov", "prores_ks", "yuv422p10le", FIELDS, SIZE),
        ("e.mkv", "ffv1", "yuv420p", FIELDS, SIZE),
        ("f.avi", "dvvideo", "yuv420p", {}, DV),
    ],
)
def test_fields_become_whole_pictures(tmp_path, name, codec, pixels, options, size) -> None:
    """One picture a frame, at its time, without combs, like the progressive film of the first fields."""
    images = [woven(frame, size) for frame in range(8)]
    path = film(tmp_path / name, codec, images, pixels=pixels, options=options, touch=Flagged(size, pixels))
    frames, warnings = read(path)
    assert times(frames) == pytest.approx([frame / 25 for frame in range(8)], abs=1e-3)
    assert [frame.last for frame in frames] == [False] * 7 + [True]
    assert warnings == []
    for index, (image, frame) in enumerate(zip(images, frames, strict=True)):
        width, height = frame.image.shape[1::-1]
        right = cv2.resize(scene(2 * index, size), (width, height), interpolation=cv2.INTER_LINEAR)
        wrong = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
        assert combing(frame.image) < 0.2 * combing(wrong)
        assert apart(frame.image, right) < 0.3 * apart(wrong, right)


def test_behind_a_skip_the_fields_meet_the_same_neighbours(tmp_path) -> None:
    """The filter looks at the frames before and after; resumed anywhere, it has seen the same ones."""
    flagged = Flagged(SIZE)
    images = [woven(frame) for frame in range(10)]
    numbers = iter(range(10))
    path = film(
        tmp_path / "a.mkv", "ffv1", images, touch=lambda frame: flagged(frame) if next(numbers) not in (3, 4) else frame
    )
    whole, _ = read(path)
    for start in range(10):
        source = FileSource(path, 100_000)
        source.skip_to(start)
        for ours, theirs in zip(iter(source.read, None), whole[start:], strict=True):
            assert (ours.index, ours.pts, ours.last) == (theirs.index, theirs.pts, theirs.last)
            assert np.array_equal(ours.image, theirs.image)


def test_frames_pass_in_order_whatever_their_kind() -> None:
    """Progressive, interlaced, another size, too small to deinterlace: each comes out once, in order, in its size."""
    flags = {size: Flagged(size) for size in (SIZE, (64, 48), (2, 2))}
    kinds = [
        (SIZE, False),
        (SIZE, True),
        (SIZE, False),
        ((64, 48), True),
        ((64, 48), True),
        ((2, 2), True),
        (SIZE, False),
    ]
    deinterlacer = Deinterlacer[int](Fraction(1, 25))
    ready = []
    for index, (size, interlaced) in enumerate(kinds):
        image = np.full((size[1], size[0], 3), index, np.uint8)
        frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format="yuv420p")
        ready += deinterlacer.push(index, flags[size](frame) if interlaced else frame)
    ready += deinterlacer.flush()
    assert [index for index, _ in ready] == list(range(len(kinds)))
    assert [(frame.width, frame.height) for _, frame in ready] == [size for size, _ in kinds]
    assert all(before < after for before, after in pairwise(index for index, _ in ready))
