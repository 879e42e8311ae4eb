"""Who works, and who gets what: the workers as one capture sees them. Pure; time in seconds.

No worker ever has more than a few frames of ours, whatever becomes of them: a frame that was given up counts until its
worker has done or dropped it. So live frames wait where a newer one can still replace them, in their source, and what a
worker has before it is never older than the frame it is at.
"""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

from capture.effort import Effort
from shared.members import Members
from shared.messages import Dropped, Emotions, Faces, Status

LIVE_MOST = 2
"""Frames of ours that one worker has at most: one it works on, one to go on with."""
SLOW_S = 0.25, 1.0
"""A detector, or a classifier, that takes longer for a frame has but one: that the next is there when it is done gains
little, and it would be old by then. A classifier waits longer for one, until a frame of the right source comes."""
REPLAY_MOST = 6
"""The same where no source is live and nobody waits for a result."""
SCAN_LOAD = 8
"""What searching a whole frame costs, in frames searched near hints."""
ASKS_S = 1.0
"""A source that could not have a frame classified and does not ask again gives its turn up after so long."""

_MEMORY = 60
_LONGER = 2 / 3
"""Of a frame given up, so that the next one has twice its time (window.py gives three times what is expected)."""

Key = tuple[str, int, int]
"""Source, epoch and number of a frame."""


@dataclass(frozen=True)
class Workers:
    """Who is there to work. `smoother`: somebody puts results together."""

    detectors: int
    classifiers: int
    smoother: bool

    def are_ready(self, *, live: bool) -> bool:
        """Whether a frame sent now would be finished; live, boxes without emotions are better than nothing."""
        return self.smoother and self.detectors > 0 and (live or self.classifiers > 0)


@dataclass(frozen=True)
class Terms:
    """On what terms a live source's next frame is taken: how much work it is worth, and whether there is room for it.

    `may_classify` is asked only about a frame that is due to be classified.
    """

    effort: Effort
    may_classify: Callable[[], bool]
    has_room: Callable[[], bool]


class Dispatch:
    """Shares frames out among detectors, and the right to be classified among live sources."""

    def __init__(self) -> None:
        self.detectors, self.classifiers = Members("frame"), Members("crops")
        self._most = REPLAY_MOST
        self._took_s: deque[float] = deque(maxlen=_MEMORY)
        """How long the last live frames were under way, and those given up at least."""
        self._to_classify: set[Key] = set()
        """Frames at a detector whose crops will go to classifiers."""
        self._asked: dict[str, float] = {}
        """Sources that wait to have a frame classified, longest first, and when they last asked."""

    def serve_live(self) -> None:
        """Some source is live: from now on a worker gets no more than keeps it busy."""
        self._most = LIVE_MOST
        self.detectors.slow_s, self.classifiers.slow_s = SLOW_S

    def subscription(self, joined: bool, topic: str, now: float) -> str | None:
        """Take note of a subscription; returns the worker that came or went."""
        return self.detectors.subscription(joined, topic, now) or self.classifiers.subscription(joined, topic, now)

    def beat(self, status: Status, now: float) -> None:
        """A process is alive, and says what it has."""
        for members in (self.detectors, self.classifiers):
            members.beat(status.process, now, status.unfinished)

    def silent(self, now: float) -> frozenset[str]:
        """Workers that are there but have said nothing for a while: stopped, or hung."""
        both = (self.detectors, self.classifiers)
        return frozenset(name for members in both for name in set(members.subscribed()) - set(members.live(now)))

    def workers(self, now: float, *, smoother: bool) -> Workers:
        """Who is there at this moment."""
        return Workers(len(self.detectors.live(now)), len(self.classifiers.live(now)), smoother)

    def has_room(self, now: float) -> bool:
        """Whether some detector takes one more frame."""
        return self.detectors.room(now, self._most) > 0

    def pick(self, now: float, avoid: Collection[str]) -> str | None:
        """The detector that a frame goes to; None while all have enough."""
        return self.detectors.pick(now, avoid, self._most)

    def sent(self, key: Key, detector: str, now: float, *, scan: bool, classify: bool) -> float:
        """A frame went to a detector; returns the seconds after which it should be done."""
        self.detectors.sent(detector, key, now, SCAN_LOAD if scan else 1)
        if classify:
            self._to_classify.add(key)
        return max(self.detectors.expected_s(detector) or 0.0, *self._took_s, 0.0)

    def located(self, message: Faces, now: float) -> float:
        """A detector is done and has handed the crops on; returns the seconds after which those should be done."""
        key = message.source, message.epoch, message.seq
        self._to_classify.discard(key)
        self.detectors.done(key, message.worker, now)
        crops = sum(face.classify for face in message.faces)
        for classifier in message.classifiers:
            self.classifiers.sent(classifier, key, now, max(1, crops // len(message.classifiers)))
        return max((self.classifiers.expected_s(name) or 0.0 for name in message.classifiers), default=0.0)

    def classified(self, message: Emotions, now: float) -> None:
        """A classifier is done."""
        self.classifiers.done((message.source, message.epoch, message.seq), message.worker, now)

    def dropped(self, message: Dropped) -> None:
        """A worker will not work on a frame."""
        key = message.source, message.epoch, message.seq
        self._to_classify.discard(key)
        self.detectors.dropped(key, message.worker)
        self.classifiers.dropped(key, message.worker)

    def answered(self, key: Key, took_s: float | None) -> None:
        """A frame has its result, `took_s` after it was sent to the only worker that had it."""
        self._to_classify.discard(key)
        if took_s is not None:
            self._took_s.append(took_s)

    def given_up(self, key: Key, after_s: float) -> None:
        """A frame was given up so long after it was sent: the next ones have longer, in case that was too short."""
        self._to_classify.discard(key)
        self._took_s.append(_LONGER * after_s)

    def may_classify(self, source: str, now: float) -> bool:
        """Whether a live source may have its next frame classified: by turns, as far as classifiers keep up."""
        self._asked = {name: at for name, at in self._asked.items() if now - at <= ASKS_S}
        room = self.classifiers.room(now, LIVE_MOST) - len(self._to_classify)
        waiting = list(self._asked)
        turn = waiting.index(source) if source in self._asked else len(waiting)
        if turn < room or not self.classifiers.live(now):
            self._asked.pop(source, None)
            return True
        self._asked[source] = now
        return False
