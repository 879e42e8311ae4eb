"""`annotated.mp4`: the film with boxes and labels on exactly their frames, or with blurred faces."""

from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from capture.sources import FileSource, Frame
from recorder.colours import bgr, colour_of
from recorder.encode import write_film
from recorder.film import check, open_film
from recorder.finished import Finished
from shared.files import replacing
from shared.messages import EMOTIONS

Image = NDArray[np.uint8]
Box = tuple[float, float, float, float]

AROUND_S = 0.5
"""A blurred person stays so for this long before and after the frames in which the face was found: between two
searches of the whole frame a new face is not known yet."""
_MARGIN = 0.2
_CELLS = 5
_UNNAMED, _INK = "#a3afbc", (21, 16, 13)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class Face(NamedTuple):
    """A face in a frame. `track_id` is -1 for somebody without a number, `xyxy` in pixels."""

    seq: int
    pts: float
    track_id: int
    xyxy: Box
    label: str | None


def annotate(folder: Path, film: Path, *, blur: bool = False) -> Path:
    """Write `annotated.mp4` into the folder of a finished recording; returns its path.

    As long as the film, with its time stamps and sound. A frame gets the boxes that were found in this frame. Film and
    tables are read as a stream.

    Args:
        folder: the recording's.
        film: what it was made of: a file, or a folder of pictures.
        blur: make faces unrecognisable, and frames that were not looked at as a whole. Only faces that were found are;
            look at the result before it is shown.

    Raises:
        UnfinishedError: there is no finished recording.
        SourceError: the film cannot be read, or is not the one that was recorded.
    """
    recording = Finished(folder)
    check(recording, film)
    faces = Faces(iter_faces(recording))
    looked_at = set(recording.frames.seq[recording.frames.complete].tolist())
    path = folder / "annotated.mp4"
    source = open_film(film)
    with closing(source), replacing(path) as part:
        source.open()
        frames = (_annotated(frame, faces, blur, frame.index in looked_at) for frame in iter(source.read, None))
        write_film(part, frames, film if isinstance(source, FileSource) else None, source.starts_s)
    return path


def iter_faces(recording: Finished) -> Iterator[Face]:
    """All faces, in the order of the frames."""
    for rows in recording.rows():
        labels = [EMOTIONS[label] if label >= 0 else None for label in rows.label.tolist()]
        columns = rows.seq.tolist(), rows.pts.tolist(), rows.track_id.tolist(), map(tuple, rows.xyxy.tolist()), labels
        yield from map(Face, *columns)


class Faces:
    """The faces of a frame and of those around it, for frames asked in order."""

    def __init__(self, faces: Iterator[Face]):
        self._coming = faces
        self._next = next(faces, None)
        self._near: deque[Face] = deque()

    def move_to(self, pts: float) -> None:
        """Go on to a frame."""
        while self._next is not None and self._next.pts <= pts + AROUND_S:
            self._near.append(self._next)
            self._next = next(self._coming, None)
        while self._near and self._near[0].pts < pts - AROUND_S:
            self._near.popleft()

    def found(self, seq: int) -> list[Face]:
        """The faces found in this frame."""
        return [face for face in self._near if face.seq == seq]

    def around(self, seq: int, pts: float) -> list[Face]:
        """The faces found in this frame, and of everybody else the nearest found within AROUND_S."""
        found = self.found(seq)
        others: dict[int, Face] = {}
        for face in sorted(self._near, key=lambda face: abs(face.pts - pts)):
            others.setdefault(face.track_id, face)
        named = {face.track_id for face in found} | {-1}
        return found + [face for track_id, face in others.items() if track_id not in named]


def _annotated(frame: Frame, faces: Faces, blur: bool, looked_at: bool) -> Frame:
    faces.move_to(frame.pts)
    image = frame.image.copy()
    if blur and not looked_at:
        width, height = frame.size
        _blur(image, (0.0, 0.0, width, height))
    elif blur:
        for face in faces.around(frame.index, frame.pts):
            _blur(image, face.xyxy)
    for face in faces.found(frame.index):
        _draw(image, face)
    return replace(frame, image=image)


def _blur(image: Image, xyxy: Box) -> None:
    """Put a few smoothed cells in a face's place; what was there cannot be computed back."""
    x1, y1, x2, y2 = xyxy
    more = _MARGIN * max(x2 - x1, y2 - y1)
    left, top, right, bottom = _inside(image, (x1 - more, y1 - more, x2 + more, y2 + more))
    if right > left and bottom > top:
        cells = cv2.resize(image[top:bottom, left:right], (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
        image[top:bottom, left:right] = cv2.resize(cells, (right - left, bottom - top), interpolation=cv2.INTER_CUBIC)


def _draw(image: Image, face: Face) -> None:
    """A box in the person's colour, with number and label above it, or inside where there is no room."""
    colour = bgr(colour_of(face.track_id) if face.track_id >= 0 else _UNNAMED)
    line = max(1, round(min(image.shape[:2]) / 360))
    left, top, right, bottom = _inside(image, face.xyxy)
    cv2.rectangle(image, (left, top), (right - 1, bottom - 1), colour, line)
    text = " ".join(str(part) for part in (face.track_id if face.track_id >= 0 else None, face.label) if part)
    if not text:
        return
    scale = max(0.4, min(image.shape[:2]) / 1080)
    (width, height), below = cv2.getTextSize(text, _FONT, scale, line)
    pad = height // 2
    y = top - below - pad if top >= height + below + 2 * pad else top + height + pad
    x = max(min(left, image.shape[1] - width - 2 * pad), 0)
    cv2.rectangle(image, (x, y - height - pad), (x + width + 2 * pad, y + below + pad), colour, cv2.FILLED)
    cv2.putText(image, text, (x + pad, y), _FONT, scale, _INK, line, cv2.LINE_AA)


def _inside(image: Image, xyxy: Box) -> tuple[int, int, int, int]:
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (round(value) for value in xyxy)
    return min(max(x1, 0), width), min(max(y1, 0), height), min(max(x2, 0), width), min(max(y2, 0), height)
