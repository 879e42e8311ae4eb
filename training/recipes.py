"""The recipes that `--preset` names: `original`, and those of our releases, each one unbroken run.

emotion-net's goes on from a release, which teaches it too (born-again networks, Furlanello et al., arXiv 1805.04770);
the other two begin with random weights. A release is named with its version, so that a later one does not change what
a preset does.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from classifier.architectures import BLOCKS
from classifier.networks import DROPOUT
from training.augment import Augmentation

SCHEDULES = ("constant", "step", "cosine", "one-cycle")
"""The learning rate: as it is; a tenth from half of the run and a hundredth from three quarters; falling to zero
along a cosine; the same after a linear warm-up (Smith & Topin, arXiv 1708.07120)."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a run's result besides data, seed and machine."""

    architecture: str
    epochs: int
    batch: int
    optimizer: str
    """`adam` or `sgd` (Nesterov momentum 0.9)."""
    rate: float
    """The learning rate, or the highest one of a one-cycle schedule."""
    schedule: str
    """One of SCHEDULES."""
    warmup: float = 0.1
    """Share of the run in which a one-cycle schedule's rate rises."""
    weight_decay: float = 0.0
    """On weights of two and more dimensions only."""
    label_smoothing: float = 0.0
    vote_share: float = 0.0
    """Share of FER+'s votes in an image's target."""
    blocks: tuple[int, ...] = BLOCKS
    """Channels of emotion-net's residual blocks."""
    start: str = ""
    """A released model whose weights the run begins with, `name@version` (none)."""
    teacher: str = ""
    """A released model whose answers make up `teacher_share` of the targets, `name@version` (none)."""
    teacher_share: float = 0.7
    tied: bool = False
    """Whether EmotionCNN's first linear layer has one weight for each square of 2x2 positions of a map."""
    dropout: float = DROPOUT
    """Share of EmotionCNN's hidden units that a training step leaves out."""
    average: float = 0.0
    """Decay per step of an exponential average of the weights, which is then validated and released (0 = none)."""
    mixup: float = 0.0
    """Both parameters of the Beta distribution by which two images and their targets are mixed (arXiv 1710.09412)."""
    unmixed: int = 0
    """Epochs at the end in which nothing is mixed."""
    class_weights: bool = False
    """Whether images count by the inverse of their class's frequency."""
    mixed_precision: bool = True
    """Whether the network is computed in bfloat16 where the device has it."""
    patience: int = 0
    """Epochs without a better validation accuracy after which the run ends (0 = never)."""
    augmentation: Augmentation = field(default_factory=Augmentation)


def changed(recipe: Recipe, options: Mapping[str, Any]) -> Recipe:
    """The recipe with other values for some of its fields, or of its augmentation's."""
    amounts = {name: value for name, value in options.items() if name in asdict(recipe.augmentation)}
    rest = {name: value for name, value in options.items() if name not in amounts}
    return replace(recipe, **rest, augmentation=replace(recipe.augmentation, **amounts))


def rate(recipe: Recipe, progress: float) -> float:
    """The learning rate at a share 0..1 of the run."""
    if recipe.schedule == "constant":
        return recipe.rate
    if recipe.schedule == "step":
        return recipe.rate * 0.1 ** ((progress >= 0.5) + (progress >= 0.75))
    warmup = recipe.warmup if recipe.schedule == "one-cycle" else 0.0
    if progress < warmup:
        return recipe.rate * (0.1 + 0.9 * progress / warmup)
    return recipe.rate * 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


OPTIONS = (
    *("epochs", "batch", "rate", "schedule", "patience", "class_weights", "mixed_precision", "mixup", "unmixed"),
    *("start", "blocks", "teacher", "teacher_share", "tied", "dropout"),
    *("degrees", "scale", "shift", "erase"),
)
"""What the command line can change of a recipe."""


PRESETS = {
    "original": Recipe(
        architecture="emotion-cnn",
        epochs=50,
        batch=32,
        optimizer="adam",
        rate=1e-3,
        schedule="constant",
        mixed_precision=False,
        augmentation=Augmentation(flip=0.5, brightness=0.2, contrast=0.2),
    ),
    "emotion-cnn": Recipe(
        architecture="emotion-cnn",
        epochs=45,
        batch=64,
        optimizer="adam",
        rate=8e-4,
        schedule="one-cycle",
        weight_decay=0.05,
        label_smoothing=0.05,
        vote_share=0.25,
        teacher="emotion-net@6",
        teacher_share=0.8,
        tied=True,
        dropout=0.0,
        average=0.998,
        mixup=0.2,
        unmixed=12,
        augmentation=Augmentation(
            flip=0.5, degrees=5, scale=0.05, shift=0.04, brightness=0.25, contrast=0.25, erase=0.25
        ),
    ),
    "emotion-net": Recipe(
        architecture="emotion-net",
        blocks=(96, 96, 192, 192, 192, 384),
        epochs=18,
        batch=64,
        optimizer="sgd",
        rate=0.03,
        schedule="one-cycle",
        weight_decay=5e-4,
        label_smoothing=0.1,
        vote_share=0.25,
        start="emotion-net@6",
        teacher="emotion-net@6",
        teacher_share=0.6,
        average=0.998,
        mixup=0.2,
        unmixed=8,
        augmentation=Augmentation(
            flip=0.5, degrees=10, scale=0.10, shift=0.08, brightness=0.25, contrast=0.25, erase=0.25
        ),
    ),
}
