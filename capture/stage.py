"""The capture stage between its sources and the bus: translates messages to calls of the windows and back."""

import contextlib
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import structlog
from typing_extensions import override

from capture.auto import find_camera
from capture.claims import Claims
from capture.dispatch import Dispatch, Terms, Workers
from capture.flight import Flight
from capture.host import host
from capture.hosted import Hosted
from capture.load import Load
from capture.names import parse_sources
from capture.others import Others
from capture.preview import Previews
from capture.sources import path_exists
from capture.window import travelling_alone
from shared import messages as m
from shared.bus import Subscription
from shared.identity import under_honcho
from shared.results import Ack, Smoothed
from shared.stage import BEAT_S, Place, Stage
from shared.status import SourceStatus, Status
from shared.topics import Envelope

log = structlog.get_logger()

_SMOOTHER_TOPIC = "faces/"


class Capture(Stage):
    """Hosts sources and distributes their frames."""

    def __init__(self, place: Place):
        super().__init__()
        self._place = place
        self._settings = place.settings
        self._listed = parse_sources(self._settings.capture_source, partial(find_camera, place), path_exists)
        self._claims = Claims(self._listed, place.settings.runtime_dir, shared=under_honcho())
        self._hosted: dict[str, Hosted] = {}
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
        self._claim(time.monotonic())
        self.detail = ", ".join(f"{spec.name}={spec.label}" for spec in self._listed)

    @override
    def topics(self) -> Sequence[str]:
        topics = ("faces", "emotions", "dropped", "smoothed", "ack")
        return ["status/", *(f"{topic}/{spec.name}/" for spec in self._listed for topic in topics)]

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
        """Process statuses, workers' answers, results and acknowledgements."""
        for _, _, message in heard:
            if isinstance(message, Status):
                self._note(message, now)
            elif isinstance(message, m.Faces | m.Emotions | m.Dropped):
                self._worked(message, now)
            elif isinstance(message, Smoothed):
                self._answered(message, now)
            elif isinstance(message, Ack) and (hosted := self._hosted_of(message)):
                hosted.recorded(message.seq)
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
        """Claim sources, admit frames, give up those past their deadline, send what waits."""
        self._drain_wake()
        self._claim(now)
        workers = self._dispatch.workers(now, smoother=_SMOOTHER_TOPIC in self._topics)
        by_turns = sorted(self._hosted.values(), key=lambda hosted: hosted.served_at)
        for hosted in by_turns:
            self._advance(hosted, workers, now)
            replays = (other.window for other in self._hosted.values() if not other.policy.live)
            for flight in hosted.window.to_send(None if hosted.policy.live else travelling_alone(replays)):
                yield from self._send(hosted, flight, workers, now)
        self._load.watch(self._hosted.values(), now, ready=workers.are_ready(live=True))
        states = {hosted.state for hosted in self._hosted.values()}
        self.state = "reconnecting" if states == {"reconnecting"} else "ready"
        also = self._others.present(now)
        for name, epoch in () if also else self._others.take_epochs():
            self.news |= self._hosted[name].outdo(epoch, time.time_ns())
        self.error = f"{also[0]} too; stop one of them" if also else None
        self.finished = self._settings.capture_at_end == "exit" and self._all_ended()

    @override
    def wake_in(self, now: float) -> float:
        return min([BEAT_S] + [hosted.window.next_expiry() - now for hosted in self._hosted.values()])

    @override
    def sources(self) -> list[SourceStatus]:
        now = time.monotonic()
        return [self._load.status(hosted, now) for hosted in self._hosted.values()]

    @override
    def stop(self, now: float) -> Iterator[Envelope]:
        """End the running epochs, except those that a recorder may have read on from where it has got to."""
        for hosted in self._hosted.values():
            if hosted.state == "running" and not hosted.policy.is_recorded:
                hosted.close_epoch(now, time.time_ns())
                for flight in hosted.window.to_send():
                    if flight.gone:
                        yield self._gone(hosted, flight)

    @override
    def close(self) -> None:
        for hosted in self._hosted.values():
            hosted.stop()
        self._claims.release()
        self._wake.close()
        self._wakes.close()

    def _claim(self, now: float) -> None:
        for spec in self._claims.take(now):
            hosted = host(spec, self._place, self._wakes)
            if hosted.policy.live:
                self._dispatch.serve_live()
            self._hosted[spec.name] = hosted
            hosted.start()

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
            yield self._gone(hosted, flight)
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
        frame = m.Frame(
            **hosted.header(flight),
            image=m.Image.of(flight.image),
            classify=classify,
            scan=asked.scan,
            hints=[face.box for face in asked.hints],
            hint_ids=[face.track_id for face in asked.hints],
            turn=asked.turn,
            turns=asked.turns,
            max_side=asked.max_side or None,
            signature=list(asked.signature),
            deadline_ms=round(1000 * (flight.deadline_at - now), 1) if flight.live else None,
        )
        yield Envelope("frame", detector, frame)
        if first and self._previews.is_due(hosted.name, self._topics, now):
            yield self._previews.make(hosted.header(flight), flight.image, now)

    def _count_given_up(self, hosted: Hosted, flight: Flight) -> None:
        self.meter.count(f"given_up_{flight.gone}")
        hosted.pace.given_up += 1
        if flight.gone == "failed" or self._warned.get(hosted.name) != hosted.epoch:
            self._warned[hosted.name] = hosted.epoch
            log.warning("frame given up", source=hosted.name, epoch=hosted.epoch, seq=flight.seq, reason=flight.gone)

    def _gone(self, hosted: Hosted, flight: Flight) -> Envelope:
        assert flight.gone is not None  # noqa: S101 — the callers ask
        return Envelope("gone", hosted.name, m.Gone(**hosted.header(flight), reason=flight.gone))

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

    def _all_ended(self) -> bool:
        own = {hosted.name for hosted in self._hosted.values() if hosted.state == "ended"}
        elsewhere = self._others.ended - self._hosted.keys()
        return all(spec.name in own | elsewhere for spec in self._listed)

    def _hosted_of(self, message: m.FrameMessage | Ack) -> Hosted | None:
        hosted = self._hosted.get(message.source)
        return hosted if hosted and hosted.epoch == message.epoch else None

    def _drain_wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake.recv(4096):
                pass
