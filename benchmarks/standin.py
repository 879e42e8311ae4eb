"""The real detector or classifier stage around a stand-in of fixed cost: python -m benchmarks.standin STAGE COST_MS.

A stand-in sleeps instead of computing, so that the sharing of work can be measured beyond the machine's cores.
"""

import sys
import time
from collections.abc import Sequence

import numpy as np

from classifier.stage import ClassifierStage
from detector.mtcnn import Detections
from detector.stage import DetectorStage
from shared.loop import run
from shared.messages import EMOTIONS

FACES = 4


class StandInClassifier:
    """Sleeps for each crop and finds every emotion equally likely."""

    name = "stand-in"
    device = "none"

    def __init__(self, cost_s: float):
        self._cost_s = cost_s

    def classify(self, crops: Sequence[np.ndarray], *_: object) -> tuple[np.ndarray, np.ndarray]:
        """Logits and probabilities, both (N, 7) float32."""
        time.sleep(self._cost_s * len(crops))
        logits = np.zeros((len(crops), len(EMOTIONS)), np.float32)
        return logits, logits + 1 / len(EMOTIONS)

    def reason(self, _: object) -> None:
        """Every face can be read."""


class StandInDetector:
    """Sleeps for each frame and finds the same FACES faces in it."""

    device = "cpu"

    def __init__(self, cost_s: float):
        self._cost_s = cost_s

    def detect(self, frame: np.ndarray, *_: object) -> Detections:
        """Faces side by side, as high as a quarter of the frame is wide."""
        time.sleep(self._cost_s)
        side = frame.shape[1] / FACES
        left = np.arange(FACES, dtype=np.float32)[:, None] * side
        xyxy = np.concatenate([left, left * 0, left + side * 0.8, left * 0 + side * 0.8], axis=1)
        return Detections(xyxy, np.ones(FACES, np.float32), np.zeros((FACES, 5, 2), np.float32))


def main(stage: str, cost_ms: float) -> None:
    """Run the stage."""
    if stage == "classifier":
        run(stage, lambda place: ClassifierStage(place, StandInClassifier(cost_ms / 1000)))
    else:
        run(stage, lambda place: DetectorStage(place, StandInDetector(cost_ms / 1000)))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
