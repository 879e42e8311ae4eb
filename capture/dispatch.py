"""Schedules one capture's frames on the workers. Pure; time in seconds.

Credit-based backpressure: a worker has at most a few of our frames, and one that was given up counts until its worker
has finished or dropped it. So live frames wait in their source, where a newer one can still replace them, and not in a
worker's queue.
"""

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NamedTuple

from capture.effort import Effort
from shared.members import Members
from shared.messages import Dropped, Emotions, Faces
from shared.status import Status

LIVE_MOST = 2  # limit on our frames per worker: one in work, one queued
SLOW_S = 0.25, 1.0
"""A detector, or classifier, slower than this per frame gets no queued one: it would save little and be stale by then.
The classifier's is longer, as it may have to wait until a frame of the right source comes."""
REPLAY_MOST = 6  # the limit when no source is live and throughput is all that counts
SCAN_LOAD = 8  # cost of searching a whole frame, relative to searching near hints
LOST_S = 60.0  # a frame that classifiers have not answered for this long is lost
_SOON_S = 0.1
_MEMORY = 60
_LONGER = 2 / 3  # of a given-up frame's time: window.py allows three times that, so the next gets twice as long

Key = tuple[str, int, int]
"""Source, epoch and seq of a frame."""


@dataclass(frozen=True)
class Workers:
    """The number of live workers, and whether there is a smoother."""

    detectors: int
    classifiers: int
    smoother: bool

    def are_ready(self, *, live: bool) -> bool:
        """Whether a frame sent now would get a result; live, boxes without emotions will do."""
        return self.smoother and self.detectors > 0 and (live or self.classifiers > 0)


@dataclass(frozen=True)
class Terms:
    """Admission control for a live source's next frame: how much work to spend on it, and whether there is room.

    `effort` takes the frame's longest side in pixels; call `claim_classifier` only for a frame due to be classified.
    """

    effort: Callable[[int], Effort]
    claim_classifier: Callable[[], bool]
    has_room: Callable[[], bool]


@dataclass
class _Classifying:
    """A live frame to be classified; `classifiers` have its crops, None while it is at a detector."""

    since: float
    classifiers: set[str] | None = None


class _Ask(NamedTuple):
    """A source's last request to have a frame classified, and the interval since the one before."""

    at: float
    interval_s: float

    def is_due(self, now: float, soon_s: float) -> bool:
        """Whether it will ask again soon enough to reserve a classifier for it."""
        return self.interval_s <= soon_s and now - self.at <= 2 * self.interval_s + _SOON_S


class Dispatch:
    """Distributes frames among detectors, and classification among live sources."""

    def __init__(self) -> None:
        self.detectors, self.classifiers = Members("frame"), Members("crops")
        self._most = REPLAY_MOST
        self._took_s: deque[float] = deque(maxlen=_MEMORY)  # live round-trip times; lower bounds for those given up
        self._classifying: dict[Key, _Classifying] = {}  # the live frames that are, or will be, at classifiers
        self._asks: dict[str, _Ask] = {}
        self._denied: list[str] = []  # the sources denied a classification, longest waiting first

    def serve(self, *, live: bool) -> None:
        """Set the limits: those for live sources if one of them is `live`."""
        self._most = LIVE_MOST if live else REPLAY_MOST
        self.detectors.slow_s, self.classifiers.slow_s = SLOW_S if live else (float("inf"), float("inf"))

    def forget(self, source: str) -> None:
        """A source is no longer hosted."""
        self._asks.pop(source, None)
        if source in self._denied:
            self._denied.remove(source)
        self._classifying = {key: one for key, one in self._classifying.items() if key[0] != source}

    def note(self, joined: bool, topic: str, now: float) -> str | None:
        """Record a subscription event; returns the worker that joined or left."""
        return self.detectors.note(joined, topic, now) or self.classifiers.note(joined, topic, now)

    def beat(self, status: Status, now: float) -> None:
        """Record a process's heartbeat and backlog."""
        for members in (self.detectors, self.classifiers):
            members.beat(status.process, now, status.unfinished)

    def silent(self, now: float) -> frozenset[str]:
        """Subscribed workers whose heartbeat is overdue: stopped, or hung."""
        both = (self.detectors, self.classifiers)
        return frozenset(name for members in both for name in set(members.subscribed()) - set(members.live(now)))

    def workers(self, now: float, *, smoother: bool) -> Workers:
        """The workers live now."""
        return Workers(len(self.detectors.live(now)), len(self.classifiers.live(now)), smoother)

    def has_room(self, now: float) -> bool:
        """Whether a detector has room for one more frame."""
        return self.detectors.room(now, self._most) > 0

    def pick(self, now: float, avoid: Collection[str]) -> str | None:
        """The detector to send a frame to; None if none has room."""
        return self.detectors.pick(now, avoid, self._most)

    def sent(self, key: Key, detector: str, now: float, *, scan: bool, classify: bool) -> float:
        """A frame was sent to a detector; returns the seconds its result is expected to take."""
        self.detectors.sent(detector, key, now, SCAN_LOAD if scan else 1)
        if classify:
            self._classifying[key] = _Classifying(now)
        return max(self.detectors.expected_s(detector) or 0.0, *self._took_s, 0.0)

    def located(self, message: Faces, now: float) -> float:
        """A detector is done and has sent the crops on; returns the seconds those are expected to take."""
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
        """A worker dropped a frame."""
        key = message.source, message.epoch, message.seq
        self.detectors.dropped(key, message.worker)
        self.classifiers.dropped(key, message.worker)
        self._settle(key, message.worker)

    def answered(self, key: Key, took_s: float | None) -> None:
        """A frame has its result; `took_s` is its round-trip time, None if ambiguous."""
        self._classifying.pop(key, None)
        if took_s is not None:
            self._took_s.append(took_s)

    def given_up(self, key: Key, after_s: float) -> None:
        """A frame was given up `after_s` seconds in flight: the next ones get longer, in case that was too short."""
        if key in self._classifying and self._classifying[key].classifiers is None:
            del self._classifying[key]  # otherwise it counts until its classifiers have finished or dropped it
        self._took_s.append(_LONGER * after_s)

    def may_classify(self, source: str, now: float) -> bool:
        """Whether the classifiers have room for a live source's next frame.

        Sources denied before go first, but only if they will ask again soon: no classifier idles for long.
        """
        taken = sum(not self._is_gone(one, now) for one in self._classifying.values())
        room = self.classifiers.capacity(now, LIVE_MOST) - taken
        waiting = self._denied[: self._denied.index(source)] if source in self._denied else self._denied
        soon_s = 2 * self.classifiers.message_s(now) + _SOON_S
        return room > sum(self._asks[name].is_due(now, soon_s) for name in waiting) or not self.classifiers.live(now)

    def claim_classifier(self, source: str, now: float) -> bool:
        """Claim a classification for a live source's next frame; returns whether it is granted."""
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
        """Remove a worker from this frame, and the frame when no classifier is left."""
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
