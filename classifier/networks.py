"""The networks as torch modules. Each maps (N, 1, S, S) float32 to logits (N, classes), without softmax."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from classifier.architectures import BLOCKS, STEM, Stem

DROPOUT = 0.5
"""EmotionCNN's default dropout probability in training."""


class EmotionCNN(nn.Module):
    """Three blocks of Conv3x3, BatchNorm, ReLU and MaxPool2 (1→32→64→128 channels), then two linear layers.

    Input (N, 1, size, size) grey, normalised to (x − 0.5) / 0.5, size ≥ 8; output logits (N, num_classes).
    """

    def __init__(self, num_classes: int = 7, size: int = 224):
        super().__init__()
        channels = (1, 32, 64, 128)
        self.channels = channels[-1]
        self.blocks = nn.Sequential(*(self._block(*pair) for pair in pairwise(channels)))
        self.head = nn.Sequential(
            nn.Linear(self.channels * (size // 8) ** 2, 128),
            nn.BatchNorm1d(128),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(128, num_classes),
        )

    @staticmethod
    def _block(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 1, size, size) float32 → logits (N, num_classes)."""
        logits: Tensor = self.head(self.blocks(x).flatten(1))
        return logits


class Residual(nn.Module):
    """Two Conv3x3 with BatchNorm and a shortcut; if channels change, x is pooled and the shortcut is a Conv1x1."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.pool = nn.MaxPool2d(2) if inputs != outputs else nn.Identity()
        last = nn.BatchNorm2d(outputs)
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            last,
        )
        self.shortcut = nn.Sequential()
        if inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))
        # A block starts as its shortcut alone, which keeps high learning rates stable (arXiv 1706.02677, 5.1).
        nn.init.zeros_(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, inputs, H, W) → (N, outputs, H or H // 2, W or W // 2)."""
        x = self.pool(x)
        return functional.relu(self.body(x) + self.shortcut(x))


class EmotionNet(nn.Module):
    """One or two convolutions (the stem), residual blocks, global average pooling, one linear layer.

    Input (N, 1, S, S) grey, normalised to (x − 0.5) / 0.5; output logits (N, num_classes). `blocks` are the channels of
    the residual blocks; one that changes the number halves the resolution first. The defaults need S ≥ 8.
    """

    def __init__(self, num_classes: int = 7, blocks: Sequence[int] = BLOCKS, stem: Stem = STEM):
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise((1, *stem.channels)):
            layers += [nn.Conv2d(inputs, outputs, 3, stem.stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
        self.stem = nn.Sequential(*layers)
        self.blocks = nn.Sequential(*(Residual(*pair) for pair in pairwise((stem.channels[-1], *blocks))))
        self.head = nn.Linear(blocks[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 1, S, S) float32 → logits (N, num_classes)."""
        logits: Tensor = self.head(self.blocks(self.stem(x)).mean((2, 3)))
        return logits
