"""Faces that people marked in photos: a Pascal VOC file beside each photo or elsewhere in its folder."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from shared.boxes import overlaps

BARE = frozenset({"sin_mascarilla", "without_mask"})
"""What photos of people with and without masks call a face that is not covered."""
SAME_FACE = 0.5
"""Overlap from which a box is the marked face, as in VOC's own evaluation."""


@dataclass(frozen=True)
class Marked:
    """Marked faces: boxes (N, 4) in pixels, and which of them are bare (N,)."""

    xyxy: np.ndarray
    bare: np.ndarray


def read_marked(folder: Path) -> dict[str, Marked]:
    """The marked faces of a folder's photos, by the photo's name without its ending."""
    return {path.stem: _read(path) for path in sorted(folder.rglob("*.xml"))}


def _read(path: Path) -> Marked:
    faces = list(ET.parse(path).getroot().iter("object"))  # noqa: S314 — entities are not resolved, the file is the user's
    boxes = [
        [float(face.findtext(f"bndbox/{side}", "0")) for side in ("xmin", "ymin", "xmax", "ymax")] for face in faces
    ]
    bare = [face.findtext("name") in BARE for face in faces]
    return Marked(np.array(boxes, np.float64).reshape(-1, 4), np.array(bare, bool))


@dataclass
class Tally:
    """What two detectors find of the marked faces, photo by photo."""

    marked: int = 0
    counts: dict[str, np.ndarray] = field(
        default_factory=lambda: {"ours": np.zeros(3, int), "reference": np.zeros(3, int)}
    )
    """Of each side: marked faces found, boxes that are marked faces, boxes."""
    bare: np.ndarray = field(default_factory=lambda: np.zeros(4, int))
    """On bare faces: the reference's boxes that ours has, the reference's; ours that the reference has, ours."""

    def add(
        self, marked: Marked, ours: tuple[np.ndarray, np.ndarray], reference: tuple[np.ndarray, np.ndarray]
    ) -> None:
        """One photo: boxes (N, 4) clipped to it and confidences (N,) of both sides."""
        self.marked += len(marked.xyxy)
        sure = {"ours": ours[0][ours[1] >= 0.9], "reference": reference[0][reference[1] >= 0.9]}
        for side, boxes in sure.items():
            same = overlaps(marked.xyxy, boxes) >= SAME_FACE
            self.counts[side] += [same.any(axis=1).sum(), same.any(axis=0).sum(), len(boxes)]
        bare = {side: boxes[_on(boxes, marked.xyxy[marked.bare])] for side, boxes in sure.items()}
        found = (overlaps(bare["reference"], ours[0][ours[1] >= 0.8]) >= 0.7).any(axis=1).sum()
        confirmed = (overlaps(bare["ours"], reference[0]) >= 0.7).any(axis=1).sum()
        self.bare += [found, len(bare["reference"]), confirmed, len(bare["ours"])]

    def recall(self, side: str) -> float:
        """Share of the marked faces found."""
        return float(self.counts[side][0] / max(self.marked, 1))

    def precision(self, side: str) -> float:
        """Share of the boxes that are marked faces."""
        return float(self.counts[side][1] / max(self.counts[side][2], 1))


def _on(boxes: np.ndarray, faces: np.ndarray) -> np.ndarray:
    return np.asarray((overlaps(boxes, faces) >= SAME_FACE).any(axis=1))
