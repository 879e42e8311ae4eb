"""Connects the network to the bus."""

import time
from collections.abc import Iterator, Sequence
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from shared import messages as m
from shared.stage import Place
from shared.topics import Envelope
from shared.worker import Worker


class Classifier(Protocol):
    """The interface of `backends.Classifier` that the stage uses."""

    @property
    def name(self) -> str:
        """The model, for results and logs."""

    @property
    def device(self) -> str:
        """Where it runs."""

    def classify(
        self, crops: Sequence[NDArray[np.uint8]], qualities: Sequence[m.Quality | None]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits and probabilities, both (N, 7), of N crops (H, W, 3) BGR of any size and their N qualities."""

    def reason(self, quality: m.Quality | None) -> m.Reason | None:
        """Why a face of this quality cannot be read; None if it can."""


class ClassifierStage(Worker[m.Crops]):
    """Classifies the waiting crops, up to `classify_batch` at a time."""

    def __init__(self, place: Place, classifier: Classifier):
        super().__init__(place, m.Crops, lambda message: sum(crop.image.data.nbytes for crop in message.crops))
        self._batch = place.settings.classify_batch
        self._classifier = classifier
        self.detail = f"{self._classifier.name} on {self._classifier.device}"

    @override
    def topics(self) -> Sequence[str]:
        return (f"crops/{self._me}/", "gone/")

    @override
    def work(self, now: float) -> Iterator[Envelope]:
        """Classify the oldest waiting crops as one batch."""
        batch = [self._backlog.take() for _ in first_batch(self._backlog.waiting(), self._batch)]
        with self.naming_faults(*batch):
            yield from self._classify(batch)

    def _classify(self, batch: Sequence[m.Crops]) -> list[Envelope]:
        began = time.monotonic()
        crops = [crop for message in batch for crop in message.crops]
        qualities = [crop.quality for crop in crops]
        logits, probs = self._classifier.classify([crop.image.pixels() for crop in crops], qualities)
        reasons = [self._classifier.reason(quality) for quality in qualities]
        self.meter.count("unreadable", sum(reason is not None for reason in reasons))
        classify_ms = (time.monotonic() - began) * 1000
        self.meter.took(classify_ms)
        self.meter.count("out", len(batch))
        self.meter.count("crops", len(crops))
        said, at = [], 0
        for message in batch:
            rows = slice(at, at + len(message.crops))
            at = rows.stop
            emotions = describe(message.crops, logits[rows], probs[rows], reasons[rows])
            answer = m.Emotions(
                **message.header(),
                emotions=emotions,
                model=self._classifier.name,
                worker=self._me,
                classify_ms=round(classify_ms, 3),
            )
            said.append(Envelope("emotions", message.source, answer))
        return said


def first_batch(waiting: Sequence[m.Crops], most: int) -> Sequence[m.Crops]:
    """The oldest messages with at most `most` crops in total; always at least one message."""
    crops = 0
    for count, message in enumerate(waiting):
        crops += len(message.crops)
        if count and crops > most:
            return waiting[:count]
    return waiting


def describe(
    crops: Sequence[m.Crop],
    logits: NDArray[np.float32],
    probs: NDArray[np.float32],
    reasons: Sequence[m.Reason | None],
) -> list[m.Emotion]:
    """Rows of (N, 7) logits and probabilities, and N reasons why a face cannot be read, as messages."""
    return [
        m.Emotion(
            face=crop.face,
            probs=cast(m.Probs, tuple(p)),
            logits=cast(m.Probs, tuple(z)),
            quality=crop.quality,
            reason=reason,
        )
        for crop, p, z, reason in zip(crops, probs.tolist(), logits.tolist(), reasons, strict=True)
    ]
