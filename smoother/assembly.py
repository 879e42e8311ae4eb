"""Joins a frame's parts and releases the frames of a source in order. No sockets, no clock.

A frame is released once its parts are complete and its predecessor (`prev`) is the last frame released. A result is
kept until it is acknowledged, and is repeated unchanged if its frame arrives again.
"""

from dataclasses import dataclass, field

import msgspec

from shared import messages as m
from shared.results import Smoothed, TrackedFace
from smoother.labels import DEFAULT_RULE, LabelRule
from smoother.tracking import Tracks, fold, track

MOST_PENDING = 4096
LOST_S, LOST_PARTS = 2.0, 3
"""If, for this long and at least this often, frames arrive that count as released here, have no kept result and are
not acknowledged by their capture, then `_released` is wrong."""

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
        """Whether the faces have arrived, and an emotion for each face to classify."""
        faces = self.faces
        return faces is not None and all(face.face in self.emotions for face in faces.faces if face.classify)

    def take(self, part: Part) -> None:
        """Add a part; the first value of each kind wins, so a frame sent twice has one result."""
        if isinstance(part, m.Gone):
            self.gone = True
        elif isinstance(part, m.Faces):
            self.faces = self.faces or part
        else:
            for emotion in part.emotions:
                self.emotions.setdefault(emotion.face, emotion)
            self.classify_ms = max(self.classify_ms, part.classify_ms)


class Memory(msgspec.Struct, frozen=True):
    """Everything a source's next result depends on, as stored on disk; `kept` are the unacknowledged results by seq."""

    source: str
    epoch: int
    released: int | None
    tracks: Tracks
    kept: dict[int, Smoothed]


class Assembly:
    """Turns the parts of the frames in one epoch of a source into results."""

    def __init__(
        self,
        source: str,
        epoch: int,
        smoothing: float,
        memory: Memory | None = None,
        rule: LabelRule = DEFAULT_RULE,
    ):
        self.source = source
        self.epoch = epoch
        self._smoothing = smoothing
        self._rule = rule
        self.heard_at = 0.0
        self._pending: dict[tuple[int, int | None], Parts] = {}
        """By (seq, prev), so that a bogus part cannot mix with the real frame of the same number."""
        self._released = memory.released if memory else None
        self._tracks = memory.tracks if memory else Tracks()
        self._kept = dict(memory.kept) if memory else {}
        self._acked = -1
        self._lost_since: float | None = None
        self._lost_parts = 0

    def memory(self) -> Memory:
        """What a restarted smoother needs to continue exactly here."""
        return Memory(self.source, self.epoch, self._released, self._tracks, dict(self._kept))

    def hear(self, part: Part, now: float = 0.0) -> list[Smoothed]:
        """Take one part at second `now`; returns the results it releases, in order."""
        self.heard_at = now
        self._acknowledge(part.acked)
        if self._is_lost(part, now):
            self._released = part.prev if part.acked is None else part.acked
            self._acked = -1 if part.acked is None else part.acked
            self._kept.clear()
            self._lost_since = None
        if self._is_released(part.seq):
            kept = self._kept.get(part.seq)
            again = kept is not None and not isinstance(part, m.Emotions)
            return [msgspec.structs.replace(kept, repeat=True)] if kept is not None and again else []
        key = part.seq, part.prev
        if key not in self._pending and len(self._pending) >= MOST_PENDING:
            del self._pending[max(self._pending, key=lambda key: key[0])]
        self._pending.setdefault(key, Parts(part.header())).take(part)
        return self._release()

    def _acknowledge(self, acked: int | None) -> None:
        """Drop everything up to `acked`; a smoother that never saw those frames does not wait for them."""
        if acked is None:
            return
        self._acked = max(self._acked, acked)
        for seq in [seq for seq in self._kept if seq <= acked]:
            del self._kept[seq]
        if not self._is_released(acked):
            self._released = acked
            self._forget_up_to(acked)

    def _is_released(self, seq: int | None) -> bool:
        return seq is None or (self._released is not None and seq <= self._released)

    def _release(self) -> list[Smoothed]:
        results = []
        while (parts := self._next()) is not None:
            result = self._finish(parts)
            self._forget_up_to(result.seq)
            self._released = result.seq
            self._kept[result.seq] = result
            self._lost_since = None
            results.append(result)
        return results

    def _next(self) -> Parts | None:
        """The successor of the last released frame, once it is complete or given up."""
        for (_, prev), parts in self._pending.items():
            if prev == self._released and (parts.gone or parts.complete()):
                return parts
        return None

    def _forget_up_to(self, seq: int) -> None:
        for key in [key for key in self._pending if key[0] <= seq]:
            del self._pending[key]

    def _is_lost(self, part: Part, now: float) -> bool:
        """Whether `_released` or `_acked` came from a foreign frame, so that the epoch's real frames look released.

        A live capture that gives up a frame repeats `gone` until it is answered: a sign whatever was acknowledged. In a
        replay, workers may still send frames that others have finished.
        """
        asked = part.live and isinstance(part, m.Gone)
        missed = part.seq > self._acked and not isinstance(part, m.Emotions)
        if not self._is_released(part.seq) or part.seq in self._kept or not (asked or missed):
            return False
        if self._lost_since is None:
            self._lost_since, self._lost_parts = now, 0
        self._lost_parts += 1
        return self._lost_parts >= LOST_PARTS and now - self._lost_since >= LOST_S

    def _finish(self, parts: Parts) -> Smoothed:
        """Track and smooth one frame; without detections the tracks stay unchanged."""
        found = parts.faces
        stages_ms = {"classify": parts.classify_ms} if parts.emotions else {}
        if found is not None:
            stages_ms = {"detect": found.detect_ms} | stages_ms
        return Smoothed(
            **parts.header,
            faces=self._track(found, parts.emotions) if found else [],
            size=found.size if found else None,
            classified=found.classify if found else False,
            complete=parts.complete(),
            repeat=False,
            stages_ms=stages_ms,
            left_out=found.left_out if found else 0,
        )

    def _track(self, found: m.Faces, emotions: dict[int, m.Emotion]) -> list[TrackedFace]:
        boxes = [face.xyxy for face in found.faces]
        confidences = [face.confidence for face in found.faces]
        looks = [face.thumbnail for face in found.faces]
        self._tracks, assigned = track(
            self._tracks,
            boxes,
            confidences,
            found.pts,
            found.signature,
            found.scanned,
            size=found.size,
            thumbnails=looks,
        )
        listed = [(face, index) for face, index in zip(found.faces, assigned, strict=True) if index is not None]
        read = {index: emotions[face.face] for face, index in listed if face.face in emotions}
        probs = {index: emotion.probs for index, emotion in read.items()}
        reasons = {index: emotion.reason for index, emotion in read.items()}
        self._tracks = fold(self._tracks, probs, found.pts, self._smoothing, self._rule, reasons)
        return [_tracked(face, self._tracks, index, emotions.get(face.face)) for face, index in listed]


def _tracked(face: m.Face, tracks: Tracks, index: int, emotion: m.Emotion | None) -> TrackedFace:
    known = tracks.tracks[index]
    return TrackedFace(
        track_id=known.track_id,
        xyxy=face.xyxy,
        confidence=face.confidence,
        landmarks=face.landmarks,
        probs=emotion.probs if emotion else None,
        smoothed=known.smoothed,
        label=known.label.name if known.label and not known.reason else None,
        first_pts=known.first_pts,
        classified_pts=known.classified_pts,
        quality=emotion.quality if emotion else None,
        reason=known.reason,
    )
