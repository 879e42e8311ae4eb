"""The capture stage between its sources and the bus: translates messages to calls of the windows and back."""

import contextlib
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec
import structlog
from typing_extensions import override

from capture import outgoing
from capture.dispatch import Dispatch, Terms, Workers
from capture.flight import Flight
from capture.hosted import Hosted
from capture.hosting import Hosting
from capture.load import Load
from capture.others import Others
from capture.preview import Previews
from capture.window import travelling_alone
from shared import messages as m
from shared.bus import Subscription
from shared.control import CameraFrame, Control
from shared.results import Ack, Smoothed
from shared.stage import Place, Stage
from shared.status import SourceStatus, Status
from shared.topics import Envelope

log = structlog.get_logger()

_SMOOTHER_TOPIC = "faces/"
_NOBODY = Workers(0, 0, smoother=False)


class Capture(Stage):
    """Hosts sources and distributes their frames."""

    def __init__(self, place: Place):
        super().__init__()
        self._place = place
        self._settings = place.settings
        self._dispatch = Dispatch()
        self._load = Load()
        self._topics: set[str] = set()
        self._others = Others()
        self._previews = Previews(self._settings.preview_width, self._settings.preview_fps)
        self._warned: dict[str, int] = {}  # the epoch of each source in which a given-up frame was last logged
        self._wake, self._wakes = socket.socketpair()
        self._wake.setblocking(False)
        self._wakes.setblocking(False)
        self.fds = (self._wake.fileno(),)
        self._hosting = Hosting(place, self._wakes, self._others)
        self._hosted = self._hosting.hosted
        self._hosting.claim(time.monotonic())
        self.detail = ", ".join(f"{spec.name}={spec.label}" for spec in self._hosting.listed)

    @override
    def topics(self) -> Sequence[str]:
        given = (topic for spec in self._hosting.listed for topic in _answer_topics(spec.name))
        return ["status/", f"control/{self._place.identity.process}/", *given]

    @override
    def further_topics(self, now: float) -> frozenset[str]:
        added = self._hosting.added()
        answers = {topic for name in added for topic in _answer_topics(name)}
        return frozenset(answers | {f"camera/{name}/" for name, is_pushed in added.items() if is_pushed})

    @override
    def handle_subscription(self, event: Subscription, now: float) -> Iterable[Envelope]:
        """Track workers and the smoother; retransmit the frames of a lost worker."""
        (self._topics.add if event.joined else self._topics.discard)(event.topic)
        if event.topic == _SMOOTHER_TOPIC and event.joined:
            for hosted in self._hosted.values():
                hosted.window.resend_all()
        worker = self._dispatch.note(event.joined, event.topic, now)
        if worker is not None:
            log.info("worker joined" if event.joined else "worker left", worker=worker)
            if not event.joined:
                for hosted in self._hosted.values():
                    hosted.window.lost(worker)
        return ()

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterable[Envelope]:
        """Process statuses, workers' answers, results, acknowledgements, and what is said about sources."""
        for _, _, message in heard:
            if isinstance(message, Status):
                self._note(message, now)
            elif isinstance(message, m.Faces | m.Emotions | m.Dropped):
                self._worked(message, now)
            elif isinstance(message, Smoothed):
                self._answered(message, now)
            elif isinstance(message, Ack) and (hosted := self._hosted_of(message)):
                hosted.recorded(message.seq)
            elif isinstance(message, CameraFrame):
                self._hosting.push(message, now)
            elif isinstance(message, Control):
                self._hosting.hear(message, now)
                self.news = True
        return ()

    def _worked(self, message: m.Faces | m.Emotions | m.Dropped, now: float) -> None:
        """A worker has answered or dropped a frame."""
        hosted = self._hosted_of(message)
        if isinstance(message, m.Faces):
            expected_s = self._dispatch.located(message, now)
            if hosted:
                hosted.window.located(message, now, self._dispatch.classifiers.subscribed(), expected_s)
        elif isinstance(message, m.Emotions):
            self._dispatch.classified(message, now)
            if hosted:
                hosted.window.classified(message.seq, message.worker, now)
        else:
            self._dispatch.dropped(message)
            if hosted:
                hosted.dropped(message.seq, message.worker)

    @override
    def tick(self, now: float) -> Iterator[Envelope]:
        """Claim and close sources, admit frames, give up those past their deadline, send what waits."""
        self._drain_wake()
        self._hosting.claim(now)
        for name in self._hosting.settle(now):
            self._dispatch.forget(name)
            self._warned.pop(name, None)
        self._dispatch.serve(live=any(hosted.policy.live for hosted in self._hosted.values()))
        workers = self._dispatch.workers(now, smoother=_SMOOTHER_TOPIC in self._topics)
        by_turns = sorted(self._hosted.values(), key=lambda hosted: hosted.served_at)
        for hosted in by_turns:
            with self._hosting.contained(hosted, now):
                self._advance(hosted, workers if self._hears(hosted) else _NOBODY, now)
            replays = (other.window for other in self._hosted.values() if not other.policy.live)
            for flight in hosted.window.to_send(None if hosted.policy.live else travelling_alone(replays)):
                yield from self._send(hosted, flight, workers, now)
        self._load.watch(self._hosted.values(), now, ready=workers.are_ready(live=True))
        states = {hosted.state for name, hosted in self._hosted.items() if not self._hosting.is_added(name)}
        self.state = "reconnecting" if states == {"reconnecting"} else "ready"
        also = self._others.present(now)
        for name, epoch in () if also else self._others.take_epochs():
            if ours := self._hosted.get(name):
                with self._hosting.contained(ours, now):
                    self.news |= ours.outdo(epoch, time.time_ns())
        self.error = f"{also[0]} too; stop one of them" if also else None
        self.finished = self._settings.capture_at_end == "exit" and self._hosting.given_have_ended()

    @override
    def wake_in(self, now: float) -> float:
        return min([self._hosting.wake_in()] + [hosted.window.next_expiry() - now for hosted in self._hosted.values()])

    @override
    def sources(self) -> list[SourceStatus]:
        now = time.monotonic()
        own = [self._load.status(hosted, now) for hosted in self._hosted.values()]
        added = self._hosting.added()
        rows = [msgspec.structs.replace(row, added=True) if row.source in added else row for row in own]
        return [*rows, *self._hosting.refused.values()]

    @override
    def stop(self, now: float) -> Iterator[Envelope]:
        """End the running epochs, except those that a recorder may have read on from where it has got to."""
        for hosted in self._hosted.values():
            if hosted.window.is_open and not hosted.policy.is_recorded:
                hosted.close_epoch(now, time.time_ns())
                for flight in hosted.window.to_send():
                    if flight.gone:
                        yield outgoing.gone(hosted.header(flight), flight)

    @override
    def close(self) -> None:
        self._hosting.close()
        self._wake.close()
        self._wakes.close()

    def _hears(self, hosted: Hosted) -> bool:
        """Whether the answers to its frames would reach us: the bus has passed our subscriptions on."""
        return self._topics.issuperset(_answer_topics(hosted.name))

    def _advance(self, hosted: Hosted, workers: Workers, now: float) -> None:
        """Admit a source's frames, persist its progress, and give up frames past their deadline."""
        epoch = hosted.epoch
        terms = Terms(
            effort=partial(self._load.effort, hosted),
            claim_classifier=partial(self._dispatch.claim_classifier, hosted.name, now),
            has_room=partial(self._dispatch.has_room, now),
        )
        admitted = hosted.advance(workers, now, time.time_ns(), terms if hosted.policy.live else None)
        self.news |= hosted.epoch != epoch
        skipped = hosted.take_skipped()
        hosted.pace.pass_time(now)
        self.meter.count("in", admitted + skipped)
        self.meter.count("skipped", skipped)
        hosted.save()
        if hosted.policy.live:
            hosted.window.take_from(self._dispatch.silent(now))
        for flight in hosted.window.late(now):
            self._dispatch.given_up(hosted.key(flight), flight.worked_s(now))
        hosted.window.expire(now)

    def _send(self, hosted: Hosted, flight: Flight, workers: Workers, now: float) -> Iterator[Envelope]:
        if flight.gone:
            if flight.is_news:
                self._count_given_up(hosted, flight)
            hosted.window.sent(flight, None, now)
            yield outgoing.gone(hosted.header(flight), flight)
            return
        detector = self._dispatch.pick(now, flight.avoid) if workers.are_ready(live=flight.live) else None
        if detector is None or flight.image is None:
            return
        self.meter.count("resent" if flight.attempts else "sent")
        first, asked = flight.attempts == 0, flight.asked
        classify = asked.classify and workers.classifiers > 0
        rationed = classify and flight.live
        expected_s = self._dispatch.sent(hosted.key(flight), detector, now, scan=asked.scan, classify=rationed)
        hosted.window.sent(flight, detector, now, expected_s)
        hosted.served_at = now
        yield outgoing.frame(hosted.header(flight), flight, detector, now, classify=classify)
        if first and self._previews.is_due(hosted.name, self._topics, now):
            yield self._previews.make(hosted.header(flight), flight.image, now)

    def _count_given_up(self, hosted: Hosted, flight: Flight) -> None:
        self.meter.count(f"given_up_{flight.gone}")
        hosted.pace.given_up += 1
        if flight.gone == "failed" or self._warned.get(hosted.name) != hosted.epoch:
            self._warned[hosted.name] = hosted.epoch
            log.warning("frame given up", source=hosted.name, epoch=hosted.epoch, seq=flight.seq, reason=flight.gone)

    def _answered(self, message: Smoothed, now: float) -> None:
        hosted = self._hosted_of(message)
        flight = hosted.answered(message, now) if hosted else None
        if hosted and flight:
            self._dispatch.answered(hosted.key(flight), flight.took_s(now) if flight.live and not flight.gone else None)
            self.meter.count("out")
            if flight.gone != "ended":
                self.meter.took((now - flight.captured_at) * 1000)

    def _note(self, status: Status, now: float) -> None:
        self._dispatch.beat(status, now)
        if status.process == self._place.identity.process:
            return
        for source in self._others.heard(status, self._hosted, now, time.time_ns()):
            log.error("two captures of one source", source=source, other=status.process)

    def _hosted_of(self, message: m.FrameMessage | Ack) -> Hosted | None:
        hosted = self._hosted.get(message.source)
        return hosted if hosted and hosted.epoch == message.epoch else None

    def _drain_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake.recv(4096):
                pass


def _answer_topics(source: str) -> list[str]:
    """Where the answers to a source's frames come."""
    return [f"{topic}/{source}/" for topic in ("faces", "emotions", "dropped", "smoothed", "ack")]
