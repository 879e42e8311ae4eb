"""`pts` from stamps as they come: whole, missing, repeated, going back, leaping."""

import pytest

from capture.sources.timeline import LONGEST_BROADCAST_GAP_S, Timeline

FRAME_S = 0.04


def placed(stamps, timeline=None, dts=None, duration_s=FRAME_S):
    """`pts` and jumps for presentation stamps, one frame each."""
    timeline = timeline or Timeline(FRAME_S, LONGEST_BROADCAST_GAP_S)
    dts = dts or [None] * len(stamps)
    rows = [timeline.place(stamp, decoded, duration_s) for stamp, decoded in zip(stamps, dts, strict=True)]
    return [row.pts for row in rows], [row.jump_s for row in rows]


@pytest.mark.parametrize(
    ("what", "stamps", "pts"),
    [
        ("even", [0, 0.04, 0.08], [0, 0.04, 0.08]),
        ("a later start", [7.5, 7.54, 7.58], [0, 0.04, 0.08]),
        ("a start before zero", [-0.08, -0.04, 0], [0, 0.04, 0.08]),
        ("uneven", [0, 0.5, 0.51, 9], [0, 0.5, 0.51, 9]),
        ("none at all", [None, None, None], [0, 0.04, 0.08]),
        ("none at first", [None, None, 60, 60.04], [0, 0.04, 0.08, 0.12]),
        ("one missing", [0, 0.04, None, 0.12], [0, 0.04, 0.08, 0.12]),
        ("one repeated", [0, 0.04, 0.04, 0.08, 0.12], [0, 0.04, 0.06, 0.08, 0.12]),
        ("each one twice", [0, 0, 0.04, 0.04, 0.08], [0, 0.02, 0.04, 0.06, 0.08]),
        ("a little back", [0, 0.04, 0.03, 0.05, 0.12], [0, 0.04, 0.06, 0.08, 0.12]),
        ("a clock that stands", [5, 5, 5, 5, 5], [0, 0.02, 0.06, 0.1, 0.14]),
        ("joined, the second from its start", [10, 10.04, 0, 0.04], [0, 0.04, 0.08, 0.12]),
        ("joined, the second much later", [0, 0.04, 500, 500.04], [0, 0.04, 0.08, 0.12]),
        ("joined twice", [9, 9.04, 500, 3, 3.04], [0, 0.04, 0.08, 0.12, 0.16]),
        ("a pause that is still one", [0, 0.04, 9.9], [0, 0.04, 9.9]),
    ],
)
def test_pts_from_stamps(what, stamps, pts) -> None:
    """The first frame is at 0, and none is before the one before it."""
    assert placed(stamps)[0] == pytest.approx(pts)


def test_a_jump_is_told_with_its_size() -> None:
    """A jump is told where it happens, as the distance from where the frame was due; other frames have none."""
    assert placed([10, 10.04, 0, 500, 500.04])[1] == pytest.approx([0, 0, -10.08, 499.96, 0])
    assert placed([0, 0.04, 0.04, None, 0.12])[1] == [0] * 5


def test_a_long_frame_is_no_jump() -> None:
    """A picture that its container shows for a minute is followed by one a minute later."""
    timeline = Timeline(FRAME_S, LONGEST_BROADCAST_GAP_S)
    assert placed([0], timeline, duration_s=60.0) == ([0], [0])
    assert placed([60], timeline) == ([60], [0])


def test_decoding_stamps_stand_in() -> None:
    """Where presentation stamps are missing, or go back more often, the stamps of decoding give the time."""
    dts = [0, 0.04, 0.08, 0.12]
    assert placed([None] * 4, dts=dts)[0] == pytest.approx(dts)
    assert placed([0, 0.12, 0.04, 0.08], dts=dts)[0] == pytest.approx([0, 0.12, 0.14, 0.16])
    assert placed([0, 0.04, 0.08, 0.12], dts=[0, 0, 0, 0])[0] == pytest.approx(dts)


def test_a_stamp_in_time() -> None:
    """The time of a packet that gave no frame: by its stamp, or when the next frame is due."""
    timeline = Timeline(FRAME_S)
    assert timeline.pts_of(3.0) == 0
    timeline.place(7.0, None, FRAME_S)
    assert timeline.pts_of(7.2) == pytest.approx(0.2)
    assert timeline.pts_of(6.0) == 0
    assert timeline.pts_of(None) == pytest.approx(0.04)
    assert timeline.pts_of(1e12) == pytest.approx(0.04)
    assert timeline.is_stamped
    assert not Timeline(FRAME_S).is_stamped
