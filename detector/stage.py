"""Connects MTCNN and the classifiers to the bus."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from detector import crowd
from detector.crops import LEAST_ROLL, roll, square_crop
from detector.mtcnn import Detections
from detector.quality import measure
from detector.thumbnails import thumbnail
from shared import messages as m
from shared.backlog import key_of
from shared.bus import Subscription
from shared.members import Members
from shared.scene import signature
from shared.stage import Place
from shared.status import Status
from shared.topics import Envelope
from shared.worker import Worker


class Detector(Protocol):
    """The interface of `mtcnn.Detector` that the stage uses."""

    @property
    def device(self) -> str:
        """Where it runs."""

    def detect(
        self,
        frame: NDArray[np.uint8],
        hints: NDArray[np.float64] | None,
        max_side: int | None,
        first: NDArray[np.float64],
    ) -> Detections:
        """The faces of a frame (H, W, 3) BGR, searched in full or only near hints (N, 4), some `first` (K, 4)."""


class DetectorStage(Worker[m.Frame]):
    """Finds the faces of each frame and distributes the crops among the classifiers."""

    def __init__(self, place: Place, detector: Detector):
        super().__init__(place, m.Frame, lambda frame: frame.image.data.nbytes)
        self._settings = place.settings
        self._classifiers = Members("crops", forget_s=10.0)
        self._detector = detector
        self.detail = f"MTCNN on {detector.device}, faces from {self._settings.min_face_size} px"

    @override
    def topics(self) -> Sequence[str]:
        return (f"frame/{self._me}/", "gone/", "emotions/", "dropped/", "status/")

    @override
    def handle_subscription(self, event: Subscription, now: float) -> Iterable[Envelope]:
        self._classifiers.note(event.joined, event.topic, now)
        return ()

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterable[Envelope]:
        """Track the classifiers' progress and the frames that wait or were given up."""
        for _, _, message in heard:
            if isinstance(message, Status):
                self._classifiers.beat(message.process, now, message.unfinished)
            elif isinstance(message, m.Emotions):
                self._classifiers.done(key_of(message), message.worker, now)
            elif isinstance(message, m.Dropped):
                self._classifiers.dropped(key_of(message), message.worker)
        return super().handle(heard, now)

    @override
    def work(self, now: float) -> Iterator[Envelope]:
        """Search the oldest waiting frame."""
        frame = self._backlog.take()
        with self.naming_faults(frame):
            yield from self._detect(frame, now)

    def _detect(self, frame: m.Frame, now: float) -> list[Envelope]:
        began = time.monotonic()
        pixels = frame.image.pixels()
        hints, ids = _known(frame)
        searched = None if frame.scan else hints
        found = self._detector.detect(pixels, searched, frame.max_side, hints[crowd.by_age(ids)])
        self.meter.count("scans", found.scanned)
        if found.dropped:
            self.meter.count("faces_over_the_cap", found.dropped)
        wanted = frame.classify & (found.confidence >= self._settings.detect_confidence)
        turn = crowd.Turn(frame.turn, frame.turns)
        due = crowd.in_turn(found.xyxy, wanted, hints, ids, turn, self._settings.classify_faces)
        faces = describe(found, due, pixels)
        said = self._crops(frame, [face for face in faces if face.classify], now)
        detect_ms = (time.monotonic() - began) * 1000
        self.meter.took(detect_ms)
        self.meter.count("out")
        message = m.Faces(
            **frame.header(),
            faces=faces,
            size=(pixels.shape[1], pixels.shape[0]),
            classify=frame.classify,
            worker=self._me,
            detect_ms=round(detect_ms, 3),
            classifiers=[envelope.key for envelope in said],
            signature=frame.signature or signature(pixels),
            scanned=found.scanned,
            left_out=found.dropped,
        )
        return [*said, Envelope("faces", frame.source, message)]

    def _crops(self, frame: m.Frame, faces: list[m.Face], began_at: float) -> list[Envelope]:
        """Assign each face to the classifier that will finish it first, of those alive at `began_at`.

        No status has been read since then.
        """
        shares: dict[str, list[m.Crop]] = {}
        for face in faces:
            classifier = self._classifiers.pick(began_at)
            if classifier is None:
                self.meter.count("crops_without_classifier")
                continue
            share = shares.setdefault(classifier, [])
            share.append(self._crop(frame, face))
            self._classifiers.sent(classifier, key_of(frame), time.monotonic(), len(share))
        return [
            Envelope("crops", classifier, m.Crops(**frame.header(), crops=crops, deadline_ms=frame.deadline_ms))
            for classifier, crops in shares.items()
        ]

    def _crop(self, frame: m.Frame, face: m.Face) -> m.Crop:
        angle = roll(face.landmarks)
        crop, xyxy = square_crop(frame.image.pixels(), face.xyxy, max_side=self._settings.crop_max_side, roll=angle)
        turned = round(angle, 1) if abs(angle) >= LEAST_ROLL else 0.0
        quality = measure(crop, xyxy, face.xyxy, face.landmarks, angle)
        box = cast(m.Box, tuple(map(float, xyxy)))
        return m.Crop(face=face.face, xyxy=box, image=m.Image.of(crop), roll=turned, quality=quality)


def _known(frame: m.Frame) -> tuple[NDArray[np.float64], list[int | None]]:
    """The boxes (K, 4) of the faces known to the capture, and the id of each."""
    ids = frame.hint_ids[: len(frame.hints)]
    return np.array(frame.hints, np.float64).reshape(-1, 4), ids + [None] * (len(frame.hints) - len(ids))


def describe(found: Detections, due: NDArray[np.bool_], pixels: NDArray[np.uint8]) -> list[m.Face]:
    """Detections in a frame (H, W, 3) as messages; those not `due` (N,) only help tracking and are not classified."""
    return [
        m.Face(
            face=index,
            xyxy=cast(m.Box, tuple(xyxy)),
            confidence=confidence,
            landmarks=cast(m.Landmarks, tuple(map(tuple, landmarks))),
            classify=classify,
            thumbnail=thumbnail(pixels, landmarks),
        )
        for index, (xyxy, confidence, landmarks, classify) in enumerate(
            zip(found.xyxy.tolist(), found.confidence.tolist(), found.landmarks.tolist(), due.tolist(), strict=True)
        )
    ]
