"""Which ids are joined into one person."""

import numpy as np
import pytest

from recorder.merging import SOON_S, Seen, merge
from tests.shared.test_looks import bytes_of, person

RED, BLUE = np.eye(2)
BOX, AWAY = (100.0, 100.0, 150.0, 160.0), (300.0, 100.0, 350.0, 160.0)


def seen(track_id, who, begins, ends, colours=RED, first=BOX, last=BOX, views=2) -> Seen:
    """An id whose face is the made-up one of this number, or of the mixture of two."""
    picture = who if isinstance(who, np.ndarray) else person(who)
    return Seen(track_id, begins, ends, first, last, [bytes_of(picture)] * views, np.array([colours] * views))


def persons(*tracks) -> dict[int, int]:
    return {track_id: whose for track_id, (whose, _) in merge(tracks).items()}


def between(share) -> np.ndarray:
    """A picture that is alike to person 1 by about this much."""
    return np.asarray(share * person(1) + (1 - share) * person(2))


def test_who_comes_back_alike_has_the_first_number() -> None:
    """Wherever and however much later; others keep theirs. The evidence is told."""
    tracks = seen(1, 1, 0, 5), seen(2, 2, 6, 9), seen(3, 1, 60, 70, first=AWAY), seen(4, 1, 80, 90)
    assert persons(*tracks) == {1: 1, 2: 2, 3: 1, 4: 1}
    joint = merge(tracks)[3][1]
    assert (joint.earlier, joint.later, joint.gap_s, joint.place) == (1, 3, 55, False)
    assert (joint.look, joint.colours) == pytest.approx((1.0, 1.0))
    assert merge(tracks)[1][1] is None


def test_who_is_there_at_the_same_time_is_somebody_else() -> None:
    """Also if somebody alike joins them: the pair most alike wins, and its rival stays alone."""
    assert persons(seen(1, 1, 0, 5), seen(2, 1, 5, 9)) == {1: 1, 2: 2}
    twins = seen(1, 1, 0, 5), seen(2, between(0.9), 3, 9), seen(3, 1, 12, 15)
    assert persons(*twins) == {1: 1, 2: 2, 3: 1}


def test_other_colours_are_somebody_else() -> None:
    """A face alike before and in other colours is not enough."""
    assert persons(seen(1, 1, 0, 5), seen(2, 1, 6, 9, BLUE)) == {1: 1, 2: 2}


@pytest.mark.parametrize(
    ("how", "whose"),
    [({}, 1), ({"first": AWAY}, 2), ({"first": (100.0, 100.0, 200.0, 220.0)}, 2), ({"begins": 5 + SOON_S + 1}, 2)],
)
def test_a_turned_head_that_stayed_where_it_was(how, whose) -> None:
    """Less alike will do, soon and at the same place and size."""
    track = seen(**{"track_id": 2, "who": between(0.55), "begins": 8, "ends": 40} | how)
    found = merge([seen(1, 1, 0, 5), track])[2]
    assert found[0] == whose
    assert found[1] is None or 0.66 <= found[1].look < 0.8


def test_who_was_never_seen_well_stays_alone() -> None:
    """And the order in which ids are given changes nothing."""
    tracks = [seen(1, 1, 0, 5), seen(2, 1, 6, 9, views=0), seen(3, 1, 10, 12)]
    assert persons(*tracks) == persons(*reversed(tracks)) == {1: 1, 2: 2, 3: 1}
    assert merge([]) == {}
