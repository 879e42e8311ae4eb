"""Who works, and who gets what: the workers as one capture sees them. Pure; time in seconds.

No worker ever has more than a few frames of ours, whatever becomes of them: a frame that was given up counts until its
worker has done or dropped it. So live frames wait where a newer one can still replace them, in their source, and what a
worker has before it is never older than the frame it is at.
"""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from capture.effort import Effort
from shared.members import Members
from shared.messages import Dropped, Emotions, Faces
from shared.status import Status

LIVE_MOST = 2
"""Frames of ours that one worker has at most: one it works on, one to go on with."""
SLOW_S = 0.25, 1.0
"""A detector, or a classifier, that takes longer for a frame has but one: that the next is there when it is done gains
little, and it would be old by then. A classifier waits longer for one, until a frame of the right source comes."""
REPLAY_MOST = 6
"""The same where no source is live and nobody waits for a result."""
SCAN_LOAD = 8
"""What searching a whole frame costs, in frames searched near hints."""
LOST_S = 60.0
"""A frame of which nothing was heard for so long is with no classifier any more."""
_SOON_S = 0.1
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

    `effort` is asked for a frame's longest side in pixels; `claim_classifier` only where one is due to be classified.
    """

    effort: Callable[[int], Effort]
    claim_classifier: Callable[[], bool]
    has_room: Callable[[], bool]


@dataclass
class _Classifying:
    """A live frame on its way to classifiers; `classifiers` that have its crops, None while it is at a detector."""

    since: float
    classifiers: set[str] | None = None


class _Ask(NamedTuple):
    """When a source last asked to have a frame classified, and how long after the time before."""

    at: float
    interval_s: float

    def is_due(self, now: float, soon_s: float) -> bool:
        """Whether it asks so often that it is worth waiting for, and has not stopped."""
        return self.interval_s <= soon_s and now - self.at <= 2 * self.interval_s + _SOON_S


class Dispatch:
    """Shares frames out among detectors, and the right to be classified among live sources."""

    def __init__(self) -> None:
        self.detectors, self.classifiers = Members("frame"), Members("crops")
        self._most = REPLAY_MOST
        self._took_s: deque[float] = deque(maxlen=_MEMORY)
        """How long the last live frames were under way, and those given up at least."""
        self._classifying: dict[Key, _Classifying] = {}
        """The live frames that are, or will be, at classifiers."""
        self._asks: dict[str, _Ask] = {}
        self._denied: list[str] = []
        """Sources that could not have a frame classified, longest first."""

    def serve_live(self) -> None:
        """Some source is live: from now on a worker gets no more than keeps it busy."""
        self._most = LIVE_MOST
        self.detectors.slow_s, self.classifiers.slow_s = SLOW_S

    def note(self, joined: bool, topic: str, now: float) -> str | None:
        """Take note of a subscription; returns the worker that came or went."""
        return self.detectors.note(joined, topic, now) or self.classifiers.note(joined, topic, now)

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
            self._classifying[key] = _Classifying(now)
        return max(self.detectors.expected_s(detector) or 0.0, *self._took_s, 0.0)

    def located(self, message: Faces, now: float) -> float:
        """A detector is done and has handed the crops on; returns the seconds after which those should be done."""
        key = message.source, message.epoch, message.seq
        self.detectors.done(key, message.worker, now)
        if key in self._classifying:
            self._classifying[key].classifiers = set(message.classifiers)
            self._settle(key)
        crops = sum(face.classify for face in message.faces)
        for classifier in message.classifiers:
            self.classifiers.sent(classifier, key, now, max(1, crops // len(message.classifiers)))
        return max((self.classifiers.expected_s(name) or 0.0 for name in message.classifiers), default=0.0)

    def classified(self, message: Emotions, now: float) -> None:
        """A classifier is done."""
        key = message.source, message.epoch, message.seq
        self.classifiers.done(key, message.worker, now)
        self._settle(key, message.worker)

    def dropped(self, message: Dropped) -> None:
        """A worker will not work on a frame."""
        key = message.source, message.epoch, message.seq
        self.detectors.dropped(key, message.worker)
        self.classifiers.dropped(key, message.worker)
        self._settle(key, message.worker)

    def answered(self, key: Key, took_s: float | None) -> None:
        """A frame has its result, `took_s` after it was sent to the only worker that had it."""
        self._classifying.pop(key, None)
        if took_s is not None:
            self._took_s.append(took_s)

    def given_up(self, key: Key, after_s: float) -> None:
        """A frame was given up so long after it was sent: the next ones have longer, in case that was too short."""
        if key in self._classifying and self._classifying[key].classifiers is None:
            del self._classifying[key]  # else it counts until its classifiers have done or dropped it
        self._took_s.append(_LONGER * after_s)

    def may_classify(self, source: str, now: float) -> bool:
        """Whether a live source may have its next frame classified, as far as classifiers keep up.

        Who was denied is first, if it will ask again soon; to keep a classifier waiting for long would help nobody.
        """
        taken = sum(not self._is_gone(one, now) for one in self._classifying.values())
        room = self.classifiers.capacity(now, LIVE_MOST) - taken
        waiting = self._denied[: self._denied.index(source)] if source in self._denied else self._denied
        soon_s = 2 * self.classifiers.message_s(now) + _SOON_S
        return room > sum(self._asks[name].is_due(now, soon_s) for name in waiting) or not self.classifiers.live(now)

    def claim_classifier(self, source: str, now: float) -> bool:
        """Have a live source's next frame classified if it may be; returns whether, and remembers who was denied."""
        self._classifying = {key: one for key, one in self._classifying.items() if not self._is_gone(one, now)}
        granted = self.may_classify(source, now)
        before = self._asks.get(source)
        self._asks[source] = _Ask(now, now - before.at if before else 0.0)
        if granted and source in self._denied:
            self._denied.remove(source)
        elif not granted and source not in self._denied:
            self._denied.append(source)
        return granted

    def _settle(self, key: Key, worker: str | None = None) -> None:
        """A worker is done with this frame (None: only see whether all are)."""
        known = self._classifying.get(key)
        if known is None:
            return
        if known.classifiers is None or not known.classifiers - {worker}:
            del self._classifying[key]
        else:
            known.classifiers.discard(worker or "")

    def _is_gone(self, known: "_Classifying", now: float) -> bool:
        lost = known.classifiers is not None and known.classifiers.isdisjoint(self.classifiers.subscribed())
        return lost or now - known.since > LOST_S
