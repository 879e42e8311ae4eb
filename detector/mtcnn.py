"""MTCNN face detection (Zhang et al. 2016, arXiv 1604.02878): facenet-pytorch's weights in our own cascade.

The whole frame is searched, or only where faces were a moment ago; cascade.py has the networks.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from detector import crowd, pyramid
from detector.cascade import Cascade, Found, square
from detector.crowd import SAME_FACE
from detector.networks import Networks, OpenVinoNetworks, TorchNetworks
from detector.nms import suppress_contained
from detector.sampling import warm
from detector.turned import QUARTERS, boxes_back, points_back, turn
from detector.weights import load_networks
from shared.boxes import overlaps
from shared.compute import choose_device
from shared.settings import Settings


@dataclass(frozen=True)
class Detections:
    """The faces of one frame, most confident first, in pixels of the frame as given.

    `xyxy` (N, 4) float32 is clipped to the frame, `confidence` (N,) float32 in 0-1, `landmarks` (N, 5, 2) float32:
    left eye, right eye, nose, left and right mouth corner, as seen with the face upright. `dropped` counts the faces
    beyond `max_faces`. `scanned`: the whole frame was searched, not only near hints.
    """

    xyxy: np.ndarray
    confidence: np.ndarray
    landmarks: np.ndarray
    dropped: int = 0
    scanned: bool = True

    def __len__(self) -> int:
        return len(self.confidence)


NOBODY = np.empty((0, 4), np.float32)
NOTHING: Found = NOBODY, np.empty(0, np.float32), np.empty((0, 5, 2), np.float32)
AROUND = 112
"""Side in pixels to which a hint's neighbourhood is scaled for P-Net, ..."""
SMALLEST_AROUND = 20
"""... the smallest face to find in it (the hinted one measures 37), ..."""
MOST_AROUND = 24
"""... and how many of its best windows go to R-Net."""


class Detector:
    """Finds faces. Stateless: the same frame and hints always give the same result.

    From `settings` it takes the smallest face, the working size, the thresholds (the last is the lowest confidence
    returned; lowering it changes no box above it), whether to search turned copies, the number of faces, the threads
    (also OpenCV's in this process) and the device; for `mps` it runs on the CPU.

    Raises `ConfigurationError` if the device is unavailable and `ModelError` if the weights are missing.
    """

    def __init__(self, settings: Settings):
        smallest = settings.min_face_size
        self._max_side = settings.detect_max_side
        self._max_faces = settings.max_faces
        self._turns = QUARTERS if settings.detect_turned else ()
        self._canvas = lru_cache(maxsize=4)(lambda width, height: pyramid.Canvas(width, height, smallest))
        self._little = pyramid.Canvas(AROUND, AROUND, SMALLEST_AROUND)
        cv2.setNumThreads(settings.threads)
        self.device = "cuda" if choose_device(settings.device) == "cuda" else "cpu"
        """`cuda` or `cpu`."""
        weights = load_networks()
        networks: Networks
        if self.device == "cuda":
            networks = TorchNetworks(weights, self.device)
        else:
            networks = OpenVinoNetworks(weights, settings.threads)
        self._cascade = Cascade(networks, settings.detect_thresholds)
        warm()

    def detect(
        self,
        frame: np.ndarray,
        hints: np.ndarray | None = None,
        max_side: int | None = None,
        first: np.ndarray = NOBODY,
    ) -> Detections:
        """Faces in `frame` (H, W, 3) uint8 BGR of any size.

        With `hints` (N, 4), boxes of faces a moment ago, only these and their neighbourhoods are searched, and the
        whole frame if that finds nothing. With N = 0 nothing is searched. A whole frame is searched at the smaller of
        `max_side` and the detector's own limit. If there are more than `max_faces`, those at the boxes `first` (K, 4)
        come first (`crowd.keep`).
        """
        if hints is not None:
            found = self._near(frame, _usable(hints, frame))
            if not len(hints) or len(found[0]):
                return self._select(frame, found, first, scanned=False)
        longest = min((side for side in (self._max_side, max_side) if side), default=0)
        return self._select(frame, self._search(frame, longest), first, scanned=True)

    def _search(self, frame: np.ndarray, max_side: int) -> Found:
        """The whole frame, where the settings say so also turned: each face as it is surest.

        MTCNN finds one face in fifty that lies or stands on its head, too, less surely and with wrong landmarks.
        """
        found = self._scan(frame, max_side)
        if not self._turns:
            return found
        turned = [self._scan_turned(frame, max_side, quarters) for quarters in self._turns]
        xyxy, confidence, landmarks = (np.concatenate(parts) for parts in zip(found, *turned, strict=True))
        kept = suppress_contained(xyxy, confidence, 0.7)
        return xyxy[kept], confidence[kept], landmarks[kept]

    def _scan_turned(self, frame: np.ndarray, max_side: int, quarters: int) -> Found:
        xyxy, confidence, landmarks = self._scan(turn(frame, quarters), max_side)
        size = frame.shape[1], frame.shape[0]
        return boxes_back(xyxy, quarters, size), confidence, points_back(landmarks, quarters, size)

    def _scan(self, frame: np.ndarray, max_side: int) -> Found:
        """The whole cascade on the whole frame."""
        height, width = frame.shape[:2]
        ratio = min(1.0, max_side / max(height, width, 1)) if max_side else 1.0
        if ratio < 1.0:
            size = max(round(width * ratio), 1), max(round(height * ratio), 1)
            frame = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        canvas = self._canvas(frame.shape[1], frame.shape[0])
        if not canvas.levels:
            return NOTHING
        canvas.draw(frame)
        xyxy, confidence, landmarks = self._cascade.verify(frame, self._cascade.propose(canvas))
        scale = np.array([width / frame.shape[1], height / frame.shape[0]], np.float32)
        return xyxy * np.tile(scale, 2), confidence, landmarks * scale

    def _near(self, frame: np.ndarray, hints: np.ndarray) -> Found:
        """R- and O-Net at the hints, then also P-Net around those where they find nothing."""
        found = self._cascade.verify(frame, square(hints))
        lost = hints[~(overlaps(hints, found[0]) >= SAME_FACE).any(axis=1)]
        if not len(lost):
            return found
        more = self._cascade.verify(frame, np.concatenate([self._around(frame, hint) for hint in lost]))
        xyxy, confidence, landmarks = (np.concatenate(parts) for parts in zip(found, more, strict=True))
        kept = suppress_contained(xyxy, confidence, 0.7)
        return xyxy[kept], confidence[kept], landmarks[kept]

    def _around(self, frame: np.ndarray, hint: np.ndarray) -> np.ndarray:
        """P-Net in a square of three times the hint's size, scaled to a fixed size: the best square boxes (N, 4)."""
        side = max(math.ceil(3 * (hint[2:] - hint[:2]).max()), 3)
        left, top = np.floor((hint[:2] + hint[2:] - side) / 2).astype(int).tolist()
        height, width = frame.shape[:2]
        inside = frame[max(top, 0) : top + side, max(left, 0) : left + side]
        outside = max(-top, 0), max(top + side - height, 0), max(-left, 0), max(left + side - width, 0)
        picture = cv2.copyMakeBorder(inside, *outside, cv2.BORDER_CONSTANT)
        method = cv2.INTER_AREA if side > AROUND else cv2.INTER_LINEAR
        self._little.draw(cv2.resize(picture, (AROUND, AROUND), interpolation=method))
        boxes = self._cascade.propose(self._little)[:MOST_AROUND]
        return boxes * np.float32(side / AROUND) + np.array([left, top, left, top], np.float32)

    def _select(self, frame: np.ndarray, found: Found, first: np.ndarray, *, scanned: bool) -> Detections:
        """The faces clipped to the frame, at most `max_faces`."""
        height, width = frame.shape[:2]
        xyxy, confidence, landmarks = found
        xyxy = np.clip(xyxy, 0, np.array([width, height, width, height], np.float32))
        visible = np.flatnonzero((xyxy[:, 2:] > xyxy[:, :2]).all(axis=1))
        kept = visible[crowd.keep(xyxy[visible], confidence[visible], first, self._max_faces)]
        return Detections(xyxy[kept], confidence[kept], landmarks[kept], len(visible) - len(kept), scanned)


def _usable(hints: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """The hints (N, 4) float32 clipped to the frame, without those that then measure less than a pixel."""
    height, width = frame.shape[:2]
    boxes = np.clip(np.nan_to_num(np.asarray(hints, np.float32)), 0, np.array([width, height] * 2, np.float32))
    return boxes[(boxes[:, 2:] - boxes[:, :2] >= 1).all(axis=1)]
