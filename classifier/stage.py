"""The classifier between its network and the bus."""

import time
from collections.abc import Iterator, Sequence
from typing import Protocol, cast

import numpy as np
import structlog
from numpy.typing import NDArray
from typing_extensions import override

from shared import messages as m
from shared.backlog import Backlog
from shared.stage import Place, Stage
from shared.topics import Envelope

log = structlog.get_logger()


class Classifier(Protocol):
    """What the stage needs of a classifier; backends.py has the real one."""

    @property
    def name(self) -> str:
        """The model, for results and logs."""

    @property
    def device(self) -> str:
        """Where it runs."""

    def classify(self, crops: Sequence[NDArray[np.uint8]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Logits and probabilities, both (N, 7), of N crops (H, W, 3) BGR of any size."""


class ClassifierStage(Stage):
    """Classifies all crops that wait, up to `classify_batch` together."""

    def __init__(self, place: Place, classifier: Classifier):
        super().__init__()
        self._me = place.identity.process
        self._batch = place.settings.classify_batch
        self._classifier = classifier
        self._backlog: Backlog[m.Crops] = Backlog(
            self._me, lambda message: sum(crop.image.data.nbytes for crop in message.crops)
        )
        self.detail = f"{self._classifier.name} on {self._classifier.device}"

    @override
    def hears(self) -> Sequence[str]:
        return (f"crops/{self._me}/", "gone/")

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterator[Envelope]:
        """Note which crops wait or need not wait any longer."""
        for _, _, message in heard:
            if isinstance(message, m.Crops):
                self.meter.count("in")
                yield from self._dropped(self._backlog.add(message, now))
            elif isinstance(message, m.Gone):
                yield from self._dropped(self._backlog.give_up(message))
        yield from self._dropped(self._backlog.drop_late(now))

    @override
    def has_work(self) -> bool:
        return len(self._backlog) > 0

    @override
    def work(self, now: float) -> Iterator[Envelope]:
        """Classify the oldest crops that wait, as many as are worth doing together."""
        batch = [self._backlog.take() for _ in first_batch(self._backlog.waiting(), self._batch)]
        try:
            yield from self._classify(batch)
        except Exception:  # the captures see this process end, and try the frames elsewhere, one by one
            for message in batch:
                log.error("crops failed", source=message.source, epoch=message.epoch, seq=message.seq)
            raise

    @override
    def unfinished(self) -> dict[str, int]:
        return self._backlog.unfinished()

    def _dropped(self, said: list[Envelope]) -> list[Envelope]:
        self.meter.count("stale", len(said))
        return said

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


def first_batch(waiting: Sequence[m.Crops], most: int) -> Sequence[m.Crops]:
    """The oldest messages that have `most` crops together at most; the first one, however many it has."""
    crops = 0
    for count, message in enumerate(waiting):
        crops += len(message.crops)
        if count and crops > most:
            return waiting[:count]
    return waiting


def describe(crops: Sequence[m.Crop], logits: NDArray[np.float32], probs: NDArray[np.float32]) -> list[m.Emotion]:
    """Rows of (N, 7) logits and probabilities as they travel."""
    return [
        m.Emotion(face=crop.face, probs=cast(m.Probs, tuple(p)), logits=cast(m.Probs, tuple(z)))
        for crop, p, z in zip(crops, probs.tolist(), logits.tolist(), strict=True)
    ]
