"""The demo picture: a pure function of the frame's number, seamless, small, and with somebody in it."""

import tracemalloc

import numpy as np
import pytest

from capture.demo import LOOP_SECONDS, demo_frame

SIZE = (640, 360)


def at(second: float) -> np.ndarray:
    """The frame at a time of the loop, in a type that can be subtracted."""
    return demo_frame(round(second * 30), SIZE).astype(np.int16)


def test_same_number_same_frame() -> None:
    """A frame depends on nothing but its number, and changing what was handed out changes no later frame."""
    first = demo_frame(100, SIZE)
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(demo_frame(100, SIZE), kept)
    assert not np.array_equal(demo_frame(101, SIZE), kept)


@pytest.mark.parametrize("size", [(1280, 720), (641, 361), (360, 640), (64, 48), (1, 1)])
def test_any_size(size: tuple[int, int]) -> None:
    """Frames are (H, W, 3) uint8 C-contiguous at any size, at every moment of the loop."""
    for second in range(0, 30, 3):
        frame = demo_frame(second * 30, size)
        assert frame.shape == (size[1], size[0], 3)
        assert frame.dtype == np.uint8
        assert frame.flags.c_contiguous


def test_it_loops_and_never_jumps() -> None:
    """Frame 900 is frame 0 again, and no two neighbours differ as a cut does, the loop's end included."""
    count = round(LOOP_SECONDS * 30)
    assert np.array_equal(demo_frame(count, SIZE), demo_frame(0, SIZE))
    sampled = [*range(0, count, 45), count - 1]
    steps = [np.abs(at(i / 30) - at((i + 1) / 30)).mean() for i in sampled]
    assert max(steps) < 0.5 * np.abs(at(0) - at(17)).mean()


def test_the_cast() -> None:
    """The portrait is alone at first, away at 17 s, and has its mirror image beside it at 24 s."""
    empty = at(17)
    covered = [(np.abs(at(second) - empty).max(axis=2) > 40) for second in (0, 24)]
    left, right = slice(0, 310), slice(330, 640)
    assert covered[0][:, 250:400].mean() > 0.5
    assert covered[0][:, :150].mean() < 0.01
    assert covered[1][:, left].mean() > 0.3
    assert covered[1][:, right].mean() > 0.3


def test_a_frame_costs_little_memory() -> None:
    """Making a frame needs at most three more of its size, and leaves nothing behind."""
    nbytes = demo_frame(0).nbytes
    tracemalloc.start()
    try:
        for index in (0, 285, 720):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            demo_frame(index)
            after, peak = tracemalloc.get_traced_memory()
            assert nbytes <= peak - before < 4 * nbytes
            assert after - before < 10_000
    finally:
        tracemalloc.stop()
