"""The reference system: one process that decodes, detects, classifies and smooths in a loop.

facenet-pytorch's MTCNN looks at every frame; torch's eager EmotionCNN, with our released weights, at every face of
each third; an exponential moving average follows each face. `python -m benchmarks.seed_loop CLIP FRAMES` prints
`first` at the first classified face and `done` at the end.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from classifier.backends import softmax, torch_network
from classifier.preprocess import prepare
from classifier.release import MODELS, load_release
from shared.errors import AffectError

MODEL = "emotion-cnn"
CLASSIFY_EVERY = 3


class SeedLoop:
    """The loop's networks and its state."""

    def __init__(self, min_face_size: int = 20, threads: int = 2):
        import torch
        from facenet_pytorch import MTCNN

        self._torch, self._threads = torch, threads
        self._mtcnn: Any = MTCNN(keep_all=True, min_face_size=min_face_size, device="cpu")
        release = load_release(MODEL, MODELS)
        self._spec = release.config.input
        self._network = torch_network(release)
        self._smoothed: dict[int, np.ndarray] = {}

    def step(self, frame: np.ndarray, *, classify: bool) -> int:
        """Do the work of one BGR frame; returns the number of faces classified."""
        self._torch.set_num_threads(self._threads)
        boxes, _ = self._mtcnn.detect(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
        if boxes is None or not classify:
            return 0
        crops = [crop for crop in (_cut(frame, box) for box in boxes) if crop.size]
        if not crops:
            return 0
        with self._torch.inference_mode():
            batch = self._torch.from_numpy(prepare(crops, self._spec, whole=True))
            probs = softmax(self._network(batch).numpy())
        for index, current in enumerate(probs):
            self._smoothed[index] = 0.7 * self._smoothed.get(index, current) + 0.3 * current
        return len(crops)

    def rate(self, clip: Path, frames: int) -> float:
        """Frames per second over the first `frames` of a video, from the first one's result to the last one's."""
        times: list[float] = []
        for index, frame in enumerate(first(clip, frames)):
            self.step(frame, classify=index % CLASSIFY_EVERY == 0)
            times.append(time.perf_counter())
        if len(times) < 2:
            raise AffectError(f"fewer than two frames of {clip.name} can be read")
        return (len(times) - 1) / (times[-1] - times[0])

    def live(self, clip: Path, seconds: float) -> tuple[list[float], float]:
        """Watch a video at its own pace, over and over, always taking the newest frame, warmed up with its first.

        Returns the seconds from each frame's decoding to its result, and the share of frames skipped, in percent.
        """
        video = cv2.VideoCapture(str(clip))
        fps = video.get(cv2.CAP_PROP_FPS)
        for frame in first(clip, 1):
            self.step(frame, classify=True)
        latencies: list[float] = []
        taken, start = -1, time.perf_counter()
        while (passed := time.perf_counter() - start) < seconds:
            newest = int(passed * fps)
            if newest == taken:
                time.sleep((newest + 1) / fps - passed)
                continue
            for _ in range(newest - taken):
                if not video.grab():
                    video.set(cv2.CAP_PROP_POS_FRAMES, 0)
                    video.grab()
            taken = newest
            frame = np.asarray(video.retrieve()[1], np.uint8)
            captured = time.perf_counter()
            self.step(frame, classify=len(latencies) % CLASSIFY_EVERY == 0)
            latencies.append(time.perf_counter() - captured)
        return latencies, 100 * (1 - len(latencies) / (taken + 1))


def first(clip: Path, frames: int) -> Iterator[np.ndarray]:
    """The first frames of a video, (H, W, 3) uint8 BGR."""
    video = cv2.VideoCapture(str(clip))
    for _ in range(frames):
        there, frame = video.read()
        if not there:
            return
        yield np.asarray(frame, np.uint8)


def _cut(frame: np.ndarray, box: np.ndarray) -> np.ndarray:
    x1, y1, x2, y2 = (max(round(float(value)), 0) for value in box)
    return frame[y1:y2, x1:x2]


def main(clip: Path, frames: int) -> None:
    """Run the loop as a program."""
    loop, found = SeedLoop(), 0
    for index, frame in enumerate(first(clip, frames)):
        faces = loop.step(frame, classify=index % CLASSIFY_EVERY == 0)
        if faces and not found:
            print("first", flush=True)
        found += faces
    print("done", flush=True)
    sys.stdin.read()  # whoever measures our memory says when it is done


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
