"""Wires the classifier to the bus: `python -m classifier`."""

import time
from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
import structlog
from numpy.typing import NDArray
from typing_extensions import override

from classifier.backends import load_classifier
from classifier.release import MODELS
from shared import messages as m
from shared.loop import run
from shared.stage import Place, Stage
from shared.topics import Envelope

log = structlog.get_logger()


class ClassifierStage(Stage):
    """Classifies all crops that wait, up to `classify_batch` together."""

    def __init__(self, place: Place):
        super().__init__()
        settings = place.settings
        self._me = place.identity.process
        self._batch = settings.classify_batch
        self._classifier = load_classifier(
            settings.classifier_model,
            MODELS,
            device=settings.device,
            threads=settings.threads,
        )
        self.detail = f"{self._classifier.name} on {self._classifier.device}"

    @override
    def hears(self) -> Sequence[str]:
        return (f"crops/{self._me}/",)

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterator[Envelope]:
        """Classify what waits, batch by batch."""
        waiting = [message for _, _, message in heard if isinstance(message, m.Crops)]
        self.meter.count("in", len(waiting))
        for batch in batches(waiting, self._batch):
            try:
                yield from self._classify(batch)
            except Exception:  # the captures see this process end, and try the frames elsewhere, one by one
                for message in batch:
                    log.error("crops failed", source=message.source, epoch=message.epoch, seq=message.seq)
                raise

    def _classify(self, batch: Sequence[m.Crops]) -> list[Envelope]:
        began = time.monotonic()
        crops = [crop.image.pixels() for message in batch for crop in message.crops]
        logits, probs = self._classifier.classify(crops)
        classify_ms = (time.monotonic() - began) * 1000
        self.meter.took(classify_ms)
        self.meter.count("out", len(batch))
        self.meter.count("crops", len(crops))
        said, at = [], 0
        for message in batch:
            rows = slice(at, at + len(message.crops))
            at = rows.stop
            emotions = describe(message.crops, logits[rows], probs[rows])
            answer = m.Emotions(
                **message.header(),
                emotions=emotions,
                model=self._classifier.name,
                worker=self._me,
                classify_ms=round(classify_ms, 3),
            )
            said.append(Envelope("emotions", message.source, answer))
        return said


def batches(waiting: Sequence[m.Crops], most: int) -> Iterator[list[m.Crops]]:
    """Split messages, oldest first, so that no batch has more than `most` crops unless one message alone has."""
    batch: list[m.Crops] = []
    for message in waiting:
        if batch and sum(len(one.crops) for one in batch) + len(message.crops) > most:
            yield batch
            batch = []
        batch.append(message)
    if batch:
        yield batch


def describe(crops: Sequence[m.Crop], logits: NDArray[np.float32], probs: NDArray[np.float32]) -> list[m.Emotion]:
    """Rows of (N, 7) logits and probabilities as they travel."""
    return [
        m.Emotion(face=crop.face, probs=cast(m.Probs, tuple(p)), logits=cast(m.Probs, tuple(z)))
        for crop, p, z in zip(crops, probs.tolist(), logits.tolist(), strict=True)
    ]


if __name__ == "__main__":
    run("classifier", ClassifierStage)
