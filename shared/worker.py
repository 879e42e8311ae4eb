"""The base of detectors and classifiers: a stage that works through a backlog."""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic

import structlog
from typing_extensions import override

from shared import messages as m
from shared.backlog import Backlog, Work
from shared.stage import Place, Stage
from shared.topics import Envelope

log = structlog.get_logger()


class Worker(Stage, Generic[Work]):
    """Queues messages of one type for `work`, and drops those given up or past their deadline.

    Args:
        place: what the stage is built with.
        kind: the type of message it works on.
        size: a message's bytes, which bound the backlog.
    """

    def __init__(self, place: Place, kind: type[Work], size: Callable[[Work], int]):
        super().__init__()
        self._me = place.identity.process
        self._kind: type[Work] = kind
        self._backlog: Backlog[Work] = Backlog(self._me, size)

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterable[Envelope]:
        """Queue messages, and drop those that no longer need work."""
        dropped = []
        for _, _, message in heard:
            if isinstance(message, self._kind):
                self.meter.count("in")
                dropped += self._backlog.add(message, now)
            elif isinstance(message, m.Gone):
                dropped += self._backlog.give_up(message)
        dropped += self._backlog.drop_late(now)
        self.meter.count("stale", len(dropped))
        return dropped

    @override
    def has_work(self) -> bool:
        return len(self._backlog) > 0

    @override
    def unfinished(self) -> dict[str, int]:
        return self._backlog.unfinished()

    @contextlib.contextmanager
    def naming_faults(self, *messages: Work) -> Iterator[None]:
        """Log the messages that a fault is about; it ends this process, and their captures resend them elsewhere."""
        try:
            yield
        except Exception:
            for message in messages:
                what = f"{self._kind.__name__.lower()} failed"
                log.error(what, source=message.source, epoch=message.epoch, seq=message.seq)
            raise
