"""The networks by name. Each takes (N, channels, S, S) float32 and returns logits (N, classes), no softmax inside."""

from collections.abc import Callable
from itertools import pairwise

from torch import Tensor, nn


class EmotionCNN(nn.Module):
    """Three blocks of Conv3x3, BatchNorm, ReLU and MaxPool2 (1→32→64→128 channels) over 224x224, and two linear layers.

    Input (N, 1, 224, 224) grey, normalised to (x − 0.5) / 0.5; output logits (N, num_classes).
    """

    def __init__(self, num_classes: int = 7):
        super().__init__()
        channels = (1, 32, 64, 128)
        self.blocks = nn.Sequential(*(self._block(*pair) for pair in pairwise(channels)))
        self.head = nn.Sequential(
            nn.Linear(128 * 28 * 28, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, num_classes)
        )

    @staticmethod
    def _block(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        """x (N, 1, 224, 224) float32 → logits (N, num_classes)."""
        logits: Tensor = self.head(self.blocks(x).flatten(1))
        return logits


ARCHITECTURES: dict[str, Callable[[int], nn.Module]] = {"emotion-cnn": EmotionCNN}
