"""Puts a frame's parts together and releases the frames of a source in order. No sockets, no clock.

A frame is released when its parts are complete and the frame sent before it (`prev`) has been released. What was
released is kept until it is acknowledged, and given again, unchanged, when a frame arrives again.
"""

from dataclasses import dataclass, field

import msgspec

from shared import messages as m
from smoother.tracking import Tracks, fold, track

MOST_PENDING = 4096

Part = m.Faces | m.Emotions | m.Gone


@dataclass
class Parts:
    """What has arrived of one frame."""

    header: m.Header
    faces: m.Faces | None = None
    emotions: dict[int, m.Emotion] = field(default_factory=dict)
    classify_ms: float = 0.0
    gone: bool = False

    def complete(self) -> bool:
        """Whether every face that was to be classified has been."""
        if self.faces is None:
            return False
        return all(face.face in self.emotions for face in self.faces.faces if face.classify)

    def take(self, part: Part) -> None:
        """Add a part; what is known already stays, so that a frame sent twice has one result."""
        if isinstance(part, m.Gone):
            self.gone = True
        elif isinstance(part, m.Faces):
            self.faces = self.faces or part
        else:
            for emotion in part.emotions:
                self.emotions.setdefault(emotion.face, emotion)
            self.classify_ms = max(self.classify_ms, part.classify_ms)


class Memory(msgspec.Struct, frozen=True):
    """All that a source's result depends on, as it is written down; `kept` are results not yet acknowledged."""

    source: str
    epoch: int
    released: int | None
    tracks: Tracks
    kept: dict[int, m.Smoothed]


class Assembly:
    """The frames of one epoch of a source, from their parts to their results."""

    def __init__(self, source: str, epoch: int, smoothing: float, memory: Memory | None = None):
        self.source = source
        self.epoch = epoch
        self._smoothing = smoothing
        self._pending: dict[int, Parts] = {}
        self._released = memory.released if memory else None
        self._tracks = memory.tracks if memory else Tracks()
        self._kept = dict(memory.kept) if memory else {}

    def memory(self) -> Memory:
        """What a successor needs to go on exactly here."""
        return Memory(self.source, self.epoch, self._released, self._tracks, dict(self._kept))

    def hear(self, part: Part) -> list[m.Smoothed]:
        """Take one part; returns the results it brings about, in order."""
        self._acknowledge(part.acked)
        if self._is_released(part.seq):
            kept = self._kept.get(part.seq)
            again = kept is not None and not isinstance(part, m.Emotions)
            return [msgspec.structs.replace(kept, repeat=True)] if kept is not None and again else []
        if part.seq not in self._pending and len(self._pending) >= MOST_PENDING:
            self._pending.pop(max(self._pending))
        self._pending.setdefault(part.seq, Parts(part.header())).take(part)
        return self._release()

    def _acknowledge(self, acked: int | None) -> None:
        """Everything up to `acked` is done: not kept, and not waited for by a smoother that never saw it."""
        if acked is None:
            return
        for seq in [seq for seq in self._kept if seq <= acked]:
            del self._kept[seq]
        if not self._is_released(acked):
            self._released = acked
            for seq in [seq for seq in self._pending if seq <= acked]:
                del self._pending[seq]

    def _is_released(self, seq: int | None) -> bool:
        return seq is None or (self._released is not None and seq <= self._released)

    def _release(self) -> list[m.Smoothed]:
        results = []
        while self._pending:
            seq = min(self._pending)
            parts = self._pending[seq]
            if not self._is_released(parts.header["prev"]) or not (parts.gone or parts.complete()):
                break
            del self._pending[seq]
            result = self._finish(parts)
            self._released = seq
            self._kept[seq] = result
            results.append(result)
        return results

    def _finish(self, parts: Parts) -> m.Smoothed:
        """Track and smooth one frame; one whose faces never came leaves the tracks as they are."""
        found = parts.faces
        stages_ms = {"classify": parts.classify_ms} if parts.emotions else {}
        if found is not None:
            stages_ms = {"detect": found.detect_ms} | stages_ms
        return m.Smoothed(
            **parts.header,
            faces=self._track(found, parts.emotions) if found else [],
            size=found.size if found else None,
            classified=found.classify if found else False,
            complete=parts.complete(),
            repeat=False,
            stages_ms=stages_ms,
        )

    def _track(self, found: m.Faces, emotions: dict[int, m.Emotion]) -> list[m.TrackedFace]:
        boxes = [face.xyxy for face in found.faces]
        confidences = [face.confidence for face in found.faces]
        self._tracks, assigned = track(self._tracks, boxes, confidences, found.pts, found.signature, found.scanned)
        listed = [(face, index) for face, index in zip(found.faces, assigned, strict=True) if index is not None]
        probs = {index: emotions[face.face].probs for face, index in listed if face.face in emotions}
        self._tracks = fold(self._tracks, probs, found.pts, self._smoothing)
        return [_tracked(face, self._tracks, index, emotions.get(face.face)) for face, index in listed]


def _tracked(face: m.Face, tracks: Tracks, index: int, emotion: m.Emotion | None) -> m.TrackedFace:
    known = tracks.tracks[index]
    smoothed = known.smoothed
    return m.TrackedFace(
        track_id=known.track_id,
        xyxy=face.xyxy,
        confidence=face.confidence,
        landmarks=face.landmarks,
        probs=emotion.probs if emotion else None,
        smoothed=smoothed,
        label=None if smoothed is None else m.EMOTIONS[smoothed.index(max(smoothed))],
        first_pts=known.first_pts,
        classified_pts=known.classified_pts,
    )
