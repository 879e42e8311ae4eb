"""Wires the detector to the bus: `python -m detector`."""

import time
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

import numpy as np
import structlog
from typing_extensions import override

from detector.crops import square_crop
from detector.mtcnn import Detections, Detector
from shared import messages as m
from shared.bus import Subscription
from shared.compute import choose_device
from shared.loop import run
from shared.members import Members
from shared.signature import signature
from shared.stage import Place, Stage
from shared.topics import Envelope

log = structlog.get_logger()


class DetectorStage(Stage):
    """Finds the faces of each frame and shares the crops out among the classifiers."""

    def __init__(self, place: Place):
        super().__init__()
        settings = place.settings
        self._settings = settings
        self._me = place.identity.process
        self._classifiers = Members("crops", forget_s=10.0)
        device = choose_device(settings.device)
        self._detector = Detector(
            min_face_size=settings.min_face_size,
            thresholds=settings.detect_thresholds,
            max_side=settings.detect_max_side,
            max_faces=settings.max_faces,
            threads=settings.threads,
            device=device,
            cache_dir=settings.runtime_dir / "cache",
        )
        self.detail = f"MTCNN on {self._detector.device}, faces from {settings.min_face_size} px"

    @override
    def hears(self) -> Sequence[str]:
        return (f"frame/{self._me}/", "emotions/", "status/")

    @override
    def subscription(self, event: Subscription, now: float) -> Iterable[Envelope]:
        self._classifiers.subscription(event.joined, event.topic, now)
        return ()

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterator[Envelope]:
        """Note what the classifiers do, then search the frames, oldest first."""
        for _, _, message in heard:
            if isinstance(message, m.Status):
                self._classifiers.beat(message.process, now)
            elif isinstance(message, m.Emotions):
                self._classifiers.done((message.source, message.epoch, message.seq), message.worker, now)
        for _, _, message in heard:
            if isinstance(message, m.Frame):
                self.meter.count("in")
                try:
                    yield from self._detect(message, now)
                except Exception:  # the capture sees this process end, and tries the frame elsewhere
                    log.error("frame failed", source=message.source, epoch=message.epoch, seq=message.seq)
                    raise

    def _detect(self, frame: m.Frame, heard_at: float) -> list[Envelope]:
        began = time.monotonic()
        pixels = frame.image.pixels()
        found = self._detector.detect(pixels, None if frame.scan else np.array(frame.hints).reshape(-1, 4))
        self.meter.count("scans", found.scanned)
        if found.dropped:
            self.meter.count("faces_over_the_cap", found.dropped)
        faces = describe(found, self._settings.detect_confidence, classify=frame.classify)
        said = self._crops(frame, [face for face in faces if face.classify], heard_at)
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
            signature=signature(pixels),
            scanned=found.scanned,
        )
        return [*said, Envelope("faces", frame.source, message)]

    def _crops(self, frame: m.Frame, faces: list[m.Face], heard_at: float) -> list[Envelope]:
        """Each face to the classifier that will be done with it first, of those that were alive at `heard_at`.

        Since then, in a long batch, nobody's status has been read.
        """
        shares: dict[str, list[m.Crop]] = {}
        for face in faces:
            classifier = self._classifiers.pick(heard_at)
            if classifier is None:
                self.meter.count("crops_without_classifier")
                continue
            crop, xyxy = square_crop(frame.image.pixels(), np.array(face.xyxy), max_side=self._settings.crop_max_side)
            share = shares.setdefault(classifier, [])
            share.append(m.Crop(face=face.face, xyxy=cast(m.Box, tuple(map(float, xyxy))), image=m.Image.of(crop)))
            self._classifiers.sent(classifier, (frame.source, frame.epoch, frame.seq), time.monotonic(), len(share))
        return [
            Envelope("crops", classifier, m.Crops(**frame.header(), crops=crops))
            for classifier, crops in shares.items()
        ]


def describe(found: Detections, least_confidence: float, *, classify: bool) -> list[m.Face]:
    """Detections as they travel; those below `least_confidence` help tracking and are not classified."""
    return [
        m.Face(
            face=index,
            xyxy=cast(m.Box, tuple(xyxy)),
            confidence=confidence,
            landmarks=cast(m.Landmarks, tuple(map(tuple, landmarks))),
            classify=classify and confidence >= least_confidence,
        )
        for index, (xyxy, confidence, landmarks) in enumerate(
            zip(found.xyxy.tolist(), found.confidence.tolist(), found.landmarks.tolist(), strict=True)
        )
    ]


if __name__ == "__main__":
    run("detector", DetectorStage)
