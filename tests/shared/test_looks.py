"""What makes two faces, or two scenes, look alike."""

import numpy as np
import pytest

from shared import looks

RNG = np.random.default_rng(4)


def person(seed):
    """A made-up face: smooth patches, as floats around 128."""
    coarse = np.random.default_rng(seed).normal(0, 50, (6, 6))
    return 128 + np.kron(coarse, np.ones((3, 3)))[1:17, 1:17]


def bytes_of(picture):
    """As a thumbnail."""
    return picture.round().clip(0, 255).astype(np.uint8).tobytes()


ANNA, BERT = person(1), person(2)


def test_one_face_looks_like_itself_and_unlike_another():
    """With a little noise, and moved by a pixel."""
    noisy = ANNA + RNG.normal(0, 5, ANNA.shape)
    for other in (ANNA, noisy, np.roll(ANNA, 1, axis=0), np.roll(ANNA, -1, axis=1)):
        for alike in (looks.details, looks.tones):
            assert alike([bytes_of(ANNA)], [bytes_of(other)])[0] > 0.9
            assert alike([bytes_of(ANNA)], [bytes_of(BERT)])[0] < 0.5


def test_a_lamp_from_one_side_changes_the_tones_but_not_the_details():
    """That is why details decide where the light may have changed."""
    lit = bytes_of(ANNA / 4 + 95 + np.linspace(-90, 90, 16))
    assert looks.tones([bytes_of(ANNA)], [lit])[0] < 0.65
    assert looks.details([bytes_of(ANNA)], [lit])[0] > 0.85


@pytest.mark.parametrize("unknown", [b"", b"short", bytes(257)])
def test_what_is_no_thumbnail_is_unknown(unknown):
    """Each pair for itself; a flat one is like nothing."""
    anna = bytes_of(ANNA)
    first, second = [anna, unknown, anna, anna], [unknown, anna, anna, bytes(256)]
    assert looks.details(first, second) == pytest.approx([np.nan, np.nan, 1, 0], nan_ok=True)
    assert looks.details([], []).shape == (0,)


def test_all_are_compared_with_all():
    """As the pairs are, one by one."""
    first = [bytes_of(person(seed)) for seed in range(3)]
    second = [bytes_of(np.roll(person(seed), 1, axis=0)) for seed in range(2)] + [bytes(256)]
    pairs = [(one, other) for one in first for other in second]
    expected = looks.details(*zip(*pairs, strict=True)).reshape(3, 3)
    assert looks.details_of_all(first, second) == pytest.approx(expected)
    assert looks.details_of_all(first, []).shape == (3, 0)


def test_scenes_are_compared_by_their_structure():
    """Other light on one room leaves it alike, another room does not; an unknown one says nothing."""
    room, other = RNG.integers(20, 200, (2, 64, 3))
    lit = (room * (0.3, 0.5, 0.4) + 40).astype(int)
    assert looks.scenes(room.ravel().tolist(), lit.ravel().tolist()) > 0.8
    assert abs(looks.scenes(room.ravel().tolist(), other.ravel().tolist())) < 0.4
    assert looks.scenes([], room.ravel().tolist()) == looks.scenes([1, 2, 3], [1, 2, 3]) == 0.0
