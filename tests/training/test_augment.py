"""Augmentation: what it may change, and that it can be repeated."""

import torch

from classifier.architectures import ARCHITECTURES
from classifier.preprocess import prepare
from training.augment import Augmentation, augment, erase


def pictures(count: int) -> torch.Tensor:
    """Random uint8 pictures."""
    return torch.randint(0, 256, (count, 48, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def seeded(seed: int = 0) -> torch.Generator:
    """A generator of its own."""
    return torch.Generator().manual_seed(seed)


def test_no_augmentation_is_the_evaluations_preprocessing() -> None:
    """With all amounts zero a picture is what `prepare` makes of it, to a grey level."""
    images, spec = pictures(3), ARCHITECTURES["emotion-cnn"].input
    augmented = (augment(images, spec.size, Augmentation(flip=0), seeded()) - spec.mean) / spec.std
    prepared = torch.from_numpy(prepare(list(images.numpy()), spec, whole=True))
    assert (augmented - prepared).abs().max() < 2.5 / 127.5


def test_a_flip_mirrors_left_and_right() -> None:
    """Flipped with certainty, columns are reversed and rows are not."""
    images = pictures(2)
    flipped, plain = (augment(images, 48, Augmentation(flip=flip), seeded()) for flip in (1.0, 0.0))
    assert torch.allclose(flipped, plain.flip(-1), atol=1e-4)


def test_everything_stays_in_range_and_repeats() -> None:
    """The strongest augmentation stays within 0..1, differs by seed, and is the same for the same seed."""
    how = Augmentation(flip=0.5, degrees=30, scale=0.3, shift=0.2, brightness=0.5, contrast=0.5, erase=1)
    first, again, other = (augment(pictures(8), 64, how, seeded(seed)) for seed in (1, 1, 2))
    assert first.shape == (8, 1, 64, 64)
    assert first.min() >= 0
    assert first.max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_shift_moves_by_its_share_of_the_side() -> None:
    """A bright square moves at most `shift` of the side."""
    image = torch.zeros((64, 48, 48), dtype=torch.uint8)
    image[:, 20:28, 20:28] = 255
    moved = augment(image, 48, Augmentation(flip=0, shift=0.25), seeded())[:, 0]
    rows = (moved.sum(2) * torch.arange(48)).sum(1) / moved.sum((1, 2))
    offsets = rows - 23.5
    assert offsets.abs().max() <= 12.1
    assert offsets.abs().max() > 8


def test_erasing_hides_one_rectangle_in_as_many_pictures_as_asked() -> None:
    """A rectangle of 0.1 to 0.4 of each side becomes the picture's mean; the rest is untouched."""
    plain = pictures(400)[:, None].float() / 255
    erased = erase(plain, 0.5, seeded())
    changed = (erased != plain)[:, 0]
    assert 150 < int(changed.any((1, 2)).sum()) < 250
    for before, after, mask in zip(plain[:, 0], erased[:, 0], changed, strict=True):
        if mask.any():
            rows, columns = mask.any(1).nonzero().flatten(), mask.any(0).nonzero().flatten()
            for side in (rows, columns):
                assert 4 <= side[-1] - side[0] + 1 <= 19
            inside = after[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            assert torch.allclose(inside, before.mean().expand_as(inside))
