"""Ids given on real clips against people counted by eye: python -m benchmarks.tracking --clips FOLDER.

Prints the table of docs/tracking.md and each id's first and last frame, so that it can be checked against the picture.
"""

import argparse
import json
import platform
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from detector.mtcnn import Detections, Detector
from detector.thumbnails import thumbnail
from shared.scene import signature
from smoother.tracking import Tracks, track
from training.view import pipeline_detector

STRIDES = (1, 3, 6)
"""Every frame as in replay, then every third and sixth as in live sources on slower machines."""

COUNTED = {
    "asl_book": (1, 0, 108),
    "face_recognition_short_hamilton": (8, 82, 210),
    "facenet_pytorch_video": (8, 0, 104),
    "liveportrait_s18": (1, 0, 281),
    "pyfeat_noface_face": (1, 96, 167),
}
"""By eye: people whose face can be made out, counted again after a hard cut; the main person's first and last frame."""


@dataclass(frozen=True)
class Look:
    """What the smoother hears of one frame."""

    pts: float
    detections: Detections
    signature: list[int]
    thumbnails: list[bytes]


def observe(frame: np.ndarray, pts: float, detector: Detector) -> Look:
    """Detect one frame (H, W, 3) uint8 BGR."""
    found = detector.detect(frame)
    return Look(pts, found, signature(frame), [thumbnail(frame, landmarks) for landmarks in found.landmarks])


def looks(clip: Path, detector: Detector) -> Iterator[Look]:
    """Detect every frame of a video file."""
    video = cv2.VideoCapture(str(clip))
    while True:
        there, frame = video.read()
        if not there:
            break
        yield observe(np.asarray(frame, np.uint8), video.get(cv2.CAP_PROP_POS_MSEC) / 1000, detector)


def follow(film: list[Look], stride: int) -> dict[int, list[int]]:
    """Frames in which each id is listed, when only every `stride`-th frame is looked at."""
    state = Tracks()
    listed: dict[int, list[int]] = defaultdict(list)
    for number in range(0, len(film), stride):
        look = film[number]
        found = look.detections
        state, assigned = track(
            state, found.xyxy, found.confidence, look.pts, look.signature, thumbnails=look.thumbnails
        )
        for index in assigned:
            track_id = state.tracks[index].track_id if index is not None else None
            if track_id is not None:
                listed[track_id].append(number)
    return listed


@dataclass(frozen=True)
class Row:
    """One clip: people counted by eye, ids given by stride, the main person's share, frames of each id."""

    clip: str
    frames: int
    people: int
    ids: dict[int, int]
    main_share: float
    """Of the frames that show the main person: those that list him under his one id."""
    spans: dict[int, tuple[int, int, int]]
    """By id: first frame, last frame, number of frames that list it."""


def measure(clip: Path, detector: Detector) -> Row:
    """Detect a clip once and track it at each stride."""
    film = list(looks(clip, detector))
    people, first, last = COUNTED[clip.stem]
    listed = {stride: follow(film, stride) for stride in STRIDES}
    return Row(
        clip=clip.stem,
        frames=len(film),
        people=people,
        ids={stride: len(ids) for stride, ids in listed.items()},
        main_share=max((sum(first <= n <= last for n in numbers) for numbers in listed[1].values()), default=0)
        / (last - first + 1),
        spans={track_id: (numbers[0], numbers[-1], len(numbers)) for track_id, numbers in sorted(listed[1].items())},
    )


def build_detector(min_face_size: int = 40) -> Detector:
    """The pipeline's detector on whole frames, with doubtful boxes down to 0.5 for the tracker."""
    settings = {"detect_thresholds": (0.6, 0.7, 0.5), "detect_max_side": 0, "max_faces": 64}
    return pipeline_detector(1, min_face_size=min_face_size, **settings)


def main() -> None:
    """Measure all counted clips found in a folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=Path, required=True, help="folder with the clips")
    parser.add_argument("--min-face-size", type=int, default=40, help="smallest face looked for, pixels")
    parser.add_argument("--save", type=Path, help="JSON file to write the figures to")
    options = parser.parse_args()
    clips = sorted(clip for clip in options.clips.glob("*") if clip.stem in COUNTED)
    if not clips:
        parser.error(f"--clips {options.clips}: none of {', '.join(COUNTED)} is there")
    detector = build_detector(options.min_face_size)
    rows = [measure(clip, detector) for clip in clips]
    print(f"| clip | frames | people | ids, every {' / '.join(map(str, STRIDES))} frames | main person under one id |")
    print("|---|---|---|---|---|")
    for row in rows:
        ids = " / ".join(map(str, row.ids.values()))
        print(f"| {row.clip} | {row.frames} | {row.people} | {ids} | {row.main_share:.1%} |")
    for row in rows:
        print(f"{row.clip}: id: (first frame, last frame, frames that list it) {row.spans}")
    if options.save:
        options.save.parent.mkdir(parents=True, exist_ok=True)
        figures = {"machine": platform.platform(), "clips": [asdict(row) for row in rows]}
        options.save.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
