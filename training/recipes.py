"""The recipes that `--preset` names: `original`, `teacher`, and those of our releases, each one unbroken run.

emotion-net starts from a release, which is also its teacher (born-again networks, Furlanello et al., arXiv 1805.04770);
the other two start from random weights. Releases are pinned to a version, so that a new one does not change a preset.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from classifier.architectures import BLOCKS
from classifier.networks import DROPOUT
from training.augment import Augmentation

SCHEDULES = ("constant", "step", "cosine", "one-cycle")
"""Of the learning rate: fixed; divided by 10 at half and again at three quarters of the run; cosine decay to zero;
cosine decay after a linear warm-up (Smith & Topin, arXiv 1708.07120)."""


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a run's result besides data, seed and machine."""

    architecture: str
    epochs: int
    batch: int
    optimizer: str
    """`adam` or `sgd` (Nesterov momentum 0.9)."""
    rate: float
    """The initial learning rate, or the peak of a one-cycle schedule."""
    schedule: str
    """One of SCHEDULES."""
    warmup: float = 0.1
    """Share of the run spent in a one-cycle schedule's warm-up."""
    weight_decay: float = 0.0
    """Only on parameters with two or more dimensions."""
    label_smoothing: float = 0.0
    vote_share: float = 0.0
    """Share of FER+'s votes in an image's target."""
    blocks: tuple[int, ...] = BLOCKS
    """Channels of emotion-net's residual blocks."""
    start: str = ""
    """A released model that provides the initial weights, `name@version` ("": random weights)."""
    teacher: str = ""
    """Whose predictions make up `teacher_share` of the targets: a released model, `name@version`, or a file of soft
    targets, `file.safetensors@digest` ("": none)."""
    teacher_share: float = 0.7
    tied: bool = False
    """Whether EmotionCNN's first linear layer shares one weight among each 2x2 square of map positions."""
    dropout: float = DROPOUT
    """EmotionCNN's dropout probability."""
    average: float = 0.0
    """Per-step decay of the exponential moving average of weights that is validated and released (0 = none)."""
    mixup: float = 0.0
    """Both parameters of mixup's Beta distribution (arXiv 1710.09412; 0 = no mixup)."""
    unmixed: int = 0
    """Final epochs without mixup."""
    class_weights: bool = False
    """Whether images are weighted by the inverse frequency of their class."""
    mixed_precision: bool = True
    """Whether to compute in bfloat16 if the device supports it."""
    validate_every: int = 1
    """Epochs from one validation, with its checkpoints, to the next; `best.pt` is chosen among these."""
    patience: int = 0
    """Validations without a better accuracy before the run stops (0 = never)."""
    augmentation: Augmentation = field(default_factory=Augmentation)


def changed(recipe: Recipe, options: Mapping[str, Any]) -> Recipe:
    """The recipe with some of its fields, or its augmentation's, replaced."""
    amounts = {name: value for name, value in options.items() if name in asdict(recipe.augmentation)}
    rest = {name: value for name, value in options.items() if name not in amounts}
    return replace(recipe, **rest, augmentation=replace(recipe.augmentation, **amounts))


def rate(recipe: Recipe, progress: float) -> float:
    """The learning rate at `progress` 0..1 of the run."""
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
    "validate_every",
    *("start", "blocks", "teacher", "teacher_share", "tied", "dropout"),
    *("degrees", "scale", "shift", "erase", "degrade"),
)
"""What the command line can change of a recipe."""


# A ResNet-18 (arXiv 1512.03385) for 48 pixels, to be distilled from, not released. Published single networks of its
# size reach 72 to 73.7 % (PrivateTest, mostly ten-crop): VGG and ResNet with SGD at 0.1, batches of 128, 300 epochs
# (Pramerdorfer & Kampel, arXiv 1612.02903); VGG with Nesterov SGD, shifts of 0.2, scales of 0.8 to 1.2, 10 degrees and
# erased rectangles, 300 epochs (Khaireddin & Chen, arXiv 2105.03588); ResNet-18 with both, label smoothing 0.1 and
# mixup (github.com/LetheSec/Fer2013-Facial-Emotion-Recognition-Pytorch). `training.plan` says how many epochs fit.
TEACHER = Recipe(
    architecture="emotion-net",
    blocks=(64, 64, 128, 128, 256, 256, 512, 512),
    epochs=100,
    batch=128,
    optimizer="sgd",
    rate=0.1,
    schedule="cosine",
    weight_decay=5e-4,
    label_smoothing=0.1,
    vote_share=0.25,
    average=0.998,
    mixup=0.4,
    unmixed=10,
    validate_every=5,
    augmentation=Augmentation(flip=0.5, degrees=10, scale=0.15, shift=0.12, brightness=0.25, contrast=0.25, erase=0.5),
)

PRESETS = {
    "teacher": TEACHER,
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
        teacher="emotion-net@7",
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
    "emotion-lite": Recipe(
        architecture="emotion-lite",
        blocks=(64, 64, 64, 128, 128, 144, 144),
        epochs=44,
        batch=64,
        optimizer="sgd",
        rate=0.08,
        schedule="one-cycle",
        weight_decay=5e-4,
        label_smoothing=0.1,
        vote_share=0.25,
        teacher="emotion-net@7",
        teacher_share=0.8,
        average=0.998,
        mixup=0.2,
        unmixed=11,
        augmentation=Augmentation(
            flip=0.5, degrees=10, scale=0.10, shift=0.08, brightness=0.25, contrast=0.25, erase=0.25
        ),
    ),
    "emotion-net": Recipe(
        architecture="emotion-net",
        blocks=(96, 96, 192, 192, 192, 384),
        epochs=12,
        batch=64,
        optimizer="sgd",
        rate=0.03,
        schedule="one-cycle",
        weight_decay=5e-4,
        label_smoothing=0.1,
        vote_share=0.25,
        start="emotion-net@7",
        teacher="emotion-net@7",
        teacher_share=0.7,
        average=0.998,
        mixup=0.2,
        unmixed=3,
        augmentation=Augmentation(
            flip=0.5, degrees=10, scale=0.10, shift=0.08, brightness=0.25, contrast=0.25, erase=0.25, degrade=0.5
        ),
    ),
}
