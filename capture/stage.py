"""The capture between its sources and the bus: messages become calls of the windows, and these become messages."""

import socket
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import structlog
from typing_extensions import override

from capture.auto import camera_found
from capture.claims import Claims
from capture.dispatch import Dispatch, Terms, Workers
from capture.effort import OVERLOADED, WATCH_S, Bottleneck, Effort, Ladder
from capture.flight import Flight, blame
from capture.names import SourceSpec, device_index, parse_sources
from capture.preview import preview_jpeg
from capture.reader import Reader
from capture.run import Run, read_progress
from capture.sources import camera_opens, open_source
from capture.window import Policy
from shared import messages as m
from shared.bus import Subscription
from shared.identity import under_honcho
from shared.rivals import Rivals
from shared.stage import BEAT_S, Place, Stage
from shared.state import read_state
from shared.topics import Envelope

log = structlog.get_logger()

_FAR_MS = 366 * 86_400_000
"""No clock is wrong by so much: an epoch further ahead is a mistake, not to be outdone."""
_MEMORY = 0.8
_SMOOTHER_TOPIC = "faces/"


class Capture(Stage):
    """Hosts sources and shares their frames out."""

    def __init__(self, place: Place):
        super().__init__()
        self._place = place
        self._settings = place.settings
        self._listed = parse_sources(self._settings.capture_source, partial(camera_found, place))
        self._claims = Claims(self._listed, place.settings.runtime_dir, shared=under_honcho())
        self._runs: dict[str, Run] = {}
        self._dispatch = Dispatch()
        self._ladder = Ladder()
        self._watched_at = 0.0
        self._waiting: dict[str, float] = defaultdict(float)
        """How many live frames were found waiting for each stage, once a second; the past counts less and less."""
        self._topics: set[str] = set()
        self._ended_elsewhere: set[str] = set()
        self._foreign: dict[str, int] = {}
        """The latest epoch that another capture had of a source of ours."""
        self._preview_at: dict[str, float] = {}
        self._warned: dict[str, int] = {}
        """The epoch of each source in which a frame given up was logged: one line, and a counter."""
        self._rivals = Rivals()
        self._wake, wakes = socket.socketpair()
        self._wake.setblocking(False)
        wakes.setblocking(False)
        self._wakes = wakes
        self.fds = (self._wake.fileno(),)
        self._claim(time.monotonic())
        self.detail = ", ".join(f"{spec.name}={spec.label}" for spec in self._listed)

    @override
    def hears(self) -> Sequence[str]:
        own = [
            f"{topic}/{spec.name}/"
            for spec in self._listed
            for topic in ("faces", "emotions", "dropped", "smoothed", "ack")
        ]
        return ["status/", *own]

    @override
    def subscription(self, event: Subscription, now: float) -> Iterable[Envelope]:
        """Workers and the smoother come and go; what a lost worker had is sent again."""
        (self._topics.add if event.joined else self._topics.discard)(event.topic)
        if event.topic == _SMOOTHER_TOPIC and event.joined:
            for run_ in self._runs.values():
                run_.window.resend_all()
        worker = self._dispatch.subscription(event.joined, event.topic, now)
        if worker is not None:
            log.info("worker joined" if event.joined else "worker left", worker=worker)
            if not event.joined:
                self._lost(worker)
        return ()

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterable[Envelope]:
        """Take in statuses, detections, results and acknowledgements."""
        for _, _, message in heard:
            if isinstance(message, m.Status):
                self._note(message, now)
            elif isinstance(message, m.Faces):
                expected_s = self._dispatch.located(message, now)
                if run_ := self._run_of(message):
                    run_.window.located(message, now, self._dispatch.classifiers.subscribed(), expected_s)
            elif isinstance(message, m.Emotions):
                self._dispatch.classified(message, now)
            elif isinstance(message, m.Dropped):
                self._dispatch.dropped(message)
                if message.source in self._runs:
                    self._runs[message.source].pace.stale += 1
            elif isinstance(message, m.Smoothed):
                self._answered(message, now)
            elif isinstance(message, m.Ack) and (run_ := self._run_of(message)):
                run_.window.recorded(message.seq)
        return ()

    @override
    def tick(self, now: float) -> Iterator[Envelope]:
        """Claim sources, let frames in, give up what is late, send what waits."""
        self._drain_wake()
        self._claim(now)
        workers = self._dispatch.workers(now, smoother=_SMOOTHER_TOPIC in self._topics)
        for run_ in sorted(self._runs.values(), key=lambda run_: run_.served_at):  # who was served longest ago first
            self._advance(run_, workers, now)
            alone = None if run_.policy.live else self._suspect()
            for flight in run_.window.to_send(alone):
                yield from self._send(run_, flight, workers, now)
        self._watch(workers, now)
        states = {run_.state for run_ in self._runs.values()}
        self.state = "reconnecting" if states == {"reconnecting"} else "ready"
        also = self._rivals.present(now)
        if not also:
            self._outdo()
        self.error = f"{also[0]} too; stop one of them" if also else None
        self.finished = self._settings.capture_at_end == "exit" and self._all_ended()

    @override
    def wake_in(self, now: float) -> float:
        return min([BEAT_S] + [run_.window.next_expiry() - now for run_ in self._runs.values()])

    @override
    def sources(self) -> list[m.SourceStatus]:
        now = time.monotonic()
        return [
            run_.status(
                now,
                self._effort(run_),
                overloaded=self._is_overloaded(run_),
                bottleneck=self._bottleneck() if run_.policy.live else None,
            )
            for run_ in self._runs.values()
        ]

    @override
    def stop(self, now: float) -> Iterator[Envelope]:
        """End the epochs that run."""
        for run_ in self._runs.values():
            if run_.state == "running":
                run_.close_epoch(now, time.time_ns())
                for flight in run_.window.to_send():
                    if flight.gone:
                        yield self._gone(run_, flight)

    @override
    def close(self) -> None:
        for run_ in self._runs.values():
            run_.stop()
        self._claims.release()
        self._wake.close()
        self._wakes.close()

    def _claim(self, now: float) -> None:
        for spec in self._claims.take(now):
            run_ = self._host(spec)
            self._runs[spec.name] = run_
            run_.start()

    def _host(self, spec: SourceSpec) -> Run:
        settings = self._settings
        if sys.platform == "darwin" and spec.kind == "device":
            camera_opens(device_index(spec.spec))  # macOS asks for permission on the main thread alone
        source = open_source(
            spec.spec,
            clock=time.monotonic,
            max_pixels=settings.max_pixels,
            stall_seconds=settings.capture_stall_seconds,
            seconds_per_image=settings.capture_seconds_per_image,
            stills_stay=settings.capture_mode == "live" and settings.capture_at_end == "loop",
        )
        live = source.live_only or settings.capture_mode == "live"
        if live:
            self._dispatch.serve_live()
        policy = Policy(
            live=live,
            size=None if settings.window == "auto" else settings.window,
            max_bytes=settings.window_mb << 20,
            deadline_s=settings.deadline_ms / 1000,
            classify_every=settings.classify_every,
            scan_s=settings.scan_seconds,
            max_side=settings.detect_max_side,
            hint_lag=settings.hint_lag,
            ack=settings.capture_ack,
        )
        state_file = self._place.state_dir / f"{spec.name}.json"
        written = read_state(state_file) if self._place.restarted else None
        progress = read_progress(written) if written is not None else None
        resume_after = progress.acked if progress else None
        reader = Reader(source, live=live, wake=self._wakes, resume_after=resume_after)
        return Run(spec.name, spec.label, reader, policy, settings.capture_at_end, state_file, progress)

    def _advance(self, run_: Run, workers: Workers, now: float) -> None:
        """Let frames of one source in, write down where it is, and give up what is late."""
        epoch = run_.epoch
        terms = Terms(
            self._effort(run_),
            may_classify=partial(self._dispatch.may_classify, run_.name, now),
            has_room=partial(self._dispatch.has_room, now),
        )
        admitted = run_.advance(workers, now, time.time_ns(), terms if run_.policy.live else None)
        self.news |= run_.epoch != epoch
        skipped = run_.take_skipped()
        run_.pace.pass_time(now)
        self.meter.count("in", admitted + skipped)
        self.meter.count("skipped", skipped)
        run_.save()
        if run_.policy.live:
            run_.window.take_from(self._dispatch.silent(now))
        for flight in run_.window.expire(now):
            self._dispatch.given_up((run_.name, run_.epoch, flight.seq), now - (flight.sent_at or now))

    def _watch(self, workers: Workers, now: float) -> None:
        """Ask less of live frames while they cannot all be analysed, and more again when they can."""
        if now < self._watched_at + BEAT_S:
            return
        self._watched_at = now
        live = [run_ for run_ in self._runs.values() if run_.policy.live and run_.state == "running"]
        shares = [share for run_ in live if (share := run_.pace.share(WATCH_S)) is not None]
        worst = min(shares, default=None) if workers.are_ready(live=True) else None
        for flight in (flight for run_ in live for flight in run_.window.flights.values()):
            self._waiting[flight.waits_for] += 1
        for stage in self._waiting:
            self._waiting[stage] *= _MEMORY
        bottleneck = self._bottleneck()
        if self._ladder.watch(worst, bottleneck, now):
            steps = self._ladder.search + self._ladder.classify
            log.info("live work changed", steps=steps, share=None if worst is None else round(worst, 2))

    def _bottleneck(self) -> Bottleneck:
        """Where live frames were found waiting most often lately."""
        return "classifier" if self._waiting["classifier"] > self._waiting["detector"] else "detector"

    def _effort(self, run_: Run) -> Effort:
        return run_.effort.reduced(self._ladder.search, self._ladder.classify) if run_.policy.live else run_.effort

    def _is_overloaded(self, run_: Run) -> bool:
        share = run_.pace.share(WATCH_S) if run_.policy.live and run_.state == "running" else None
        return share is not None and share < OVERLOADED

    def _send(self, run_: Run, flight: Flight, workers: Workers, now: float) -> Iterator[Envelope]:
        if flight.gone:
            if flight.is_news:
                self._count_given_up(run_, flight)
            run_.window.sent(flight, None, now)
            yield self._gone(run_, flight)
            return
        avoid = flight.failed_on | ({flight.detector} if flight.detector else set())
        detector = self._dispatch.pick(now, avoid) if workers.are_ready(live=run_.policy.live) else None
        if detector is None or flight.image is None:
            return
        self.meter.count("resent" if flight.attempts else "sent")
        first = flight.attempts == 0
        classify = flight.classify and workers.classifiers > 0
        key = run_.name, run_.epoch, flight.seq
        expected_s = self._dispatch.sent(key, detector, now, scan=flight.scan, classify=classify)
        run_.window.sent(flight, detector, now, expected_s)
        run_.served_at = now
        frame = m.Frame(
            **self._header(run_, flight),
            image=m.Image.of(flight.image),
            classify=classify,
            scan=flight.scan,
            hints=list(flight.hints),
            max_side=flight.max_side or None,
            deadline_ms=round(1000 * (flight.deadline_at - now), 1) if run_.policy.live else None,
        )
        yield Envelope("frame", detector, frame)
        if first and self._wants_preview(run_.name, now):
            jpeg = preview_jpeg(flight.image, self._settings.preview_width)
            size = (flight.image.shape[1], flight.image.shape[0])
            yield Envelope("preview", run_.name, m.Preview(**self._header(run_, flight), jpeg=jpeg, size=size))

    def _count_given_up(self, run_: Run, flight: Flight) -> None:
        self.meter.count(f"given_up_{flight.gone}")
        run_.pace.given_up += 1
        if flight.gone == "failed" or self._warned.get(run_.name) != run_.epoch:
            self._warned[run_.name] = run_.epoch
            log.warning("frame given up", source=run_.name, epoch=run_.epoch, seq=flight.seq, reason=flight.gone)

    def _gone(self, run_: Run, flight: Flight) -> Envelope:
        assert flight.gone is not None  # noqa: S101 — the callers ask
        return Envelope("gone", run_.name, m.Gone(**self._header(run_, flight), reason=flight.gone))

    def _header(self, run_: Run, flight: Flight) -> m.Header:
        return m.Header(
            source=run_.name,
            epoch=run_.epoch,
            seq=flight.seq,
            prev=flight.prev,
            acked=run_.window.acked,
            pts=flight.pts,
            captured_ns=flight.captured_ns,
            live=run_.policy.live,
            end=flight.end,
        )

    def _wants_preview(self, source: str, now: float) -> bool:
        topic = f"preview/{source}/"
        if not any(topic.startswith(heard) for heard in self._topics):
            return False
        if now - self._preview_at.get(source, 0.0) < 0.9 / self._settings.preview_fps:
            return False
        self._preview_at[source] = now
        return True

    def _answered(self, message: m.Smoothed, now: float) -> None:
        run_ = self._run_of(message)
        flight = run_.window.answered(message.seq, now) if run_ else None
        if run_ is not None and flight is not None:
            sent_at = flight.sent_at if run_.policy.live and flight.attempts == 1 and not flight.gone else None
            took_s = None if sent_at is None else now - sent_at
            self._dispatch.answered((run_.name, run_.epoch, flight.seq), took_s)
            if message.complete:
                run_.pace.analysed(1000 * (now - flight.captured_at))
            if message.size is not None:  # one that was never looked at teaches nothing
                faces = ((face.track_id, face.xyxy) for face in message.faces)
                run_.window.hints.learn(message.seq, message.pts, faces)
            self.meter.count("out")
            if flight.gone != "ended":
                self.meter.took((now - flight.captured_at) * 1000)

    def _lost(self, worker: str) -> None:
        """A worker is gone: whatever it had is sent again at once, and may be why it died."""
        for run_ in self._runs.values():
            for flight in run_.window.held_by(worker):
                blame(flight, worker)
                flight.waiting = True

    def _suspect(self) -> Flight | None:
        """The replayed frame that travels alone now, by turns, so that it is known what workers die of."""
        suspects = [f for run_ in self._runs.values() if not run_.policy.live for f in run_.window.suspects()]
        travelling = [flight for flight in suspects if not flight.waiting]
        return min(travelling or suspects, key=lambda flight: flight.first_sent_at or 0.0, default=None)

    def _note(self, status: m.Status, now: float) -> None:
        self._dispatch.beat(status, now)
        if status.process == self._place.identity.process:
            return
        for source in status.sources:
            if source.source in self._runs:
                if source.epoch < time.time_ns() // 1_000_000 + _FAR_MS:
                    self._foreign[source.source] = max(source.epoch, self._foreign.get(source.source, 0))
                if self._rivals.heard(status.process, f"source {source.source!r}", now):
                    log.error("two captures of one source", source=source.source, other=status.process)
            if source.state == "ended":
                self._ended_elsewhere.add(source.source)

    def _outdo(self) -> None:
        """Other captures of our sources are gone; where their epoch was later than ours, ours was not listened to."""
        while self._foreign:
            name, epoch = self._foreign.popitem()
            if epoch > self._runs[name].epoch and self._runs[name].state not in ("holding", "ended"):
                self._runs[name].outdo(epoch, time.time_ns())

    def _all_ended(self) -> bool:
        own = {run_.name for run_ in self._runs.values() if run_.state == "ended"}
        elsewhere = self._ended_elsewhere - self._runs.keys()
        return all(spec.name in own | elsewhere for spec in self._listed)

    def _run_of(self, message: m.FrameMessage | m.Ack) -> Run | None:
        run_ = self._runs.get(message.source)
        return run_ if run_ and run_.epoch == message.epoch else None

    def _drain_wake(self) -> None:
        try:
            while self._wake.recv(4096):
                pass
        except BlockingIOError:
            return
