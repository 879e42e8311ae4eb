"""The loop that runs every stage and gives it sockets, time and a heartbeat."""

import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil
import structlog

from shared import locks
from shared import log as logs
from shared.bus import Bus
from shared.deputy import Deputy
from shared.echo import Echo
from shared.errors import AffectError, MessageError
from shared.identity import identify, software
from shared.keys import open_secrets
from shared.lifeline import HEARTBEAT_FD, RESTARTS, STATE_DIR, TOLD_TO_STOP
from shared.meter import Summary, is_news
from shared.runtime_dir import prepare_runtime_dir
from shared.settings import load_settings
from shared.stage import BEAT_S, Place, Stage
from shared.topics import Envelope, decode, encode

SUMMARY_S = 10.0
QUIET_S = 600.0
"""A summary that is no news is logged this often."""
_MOST_AT_ONCE = 256
_FIRST_STATUS_S = 0.3  # connecting and subscribing take this long; anything published earlier is lost
_UNCONNECTED_BEAT_S = 0.2  # without a bus, probe for it often

log = structlog.get_logger()


class _Pulse:
    """The heartbeat to the supervisor; `lost` once the supervisor is gone."""

    def __init__(self) -> None:
        fd = os.environ.pop(HEARTBEAT_FD, "")
        self._fd = int(fd) if fd else None
        self.lost = False

    def beat(self) -> None:
        """Send one heartbeat."""
        if self._fd is None:
            return
        try:
            os.write(self._fd, b".")
        except BrokenPipeError:
            self.lost = True


class _Stop:
    """Turns SIGTERM and SIGINT into a flag and a readable file descriptor."""

    def __init__(self) -> None:
        self.asked = False
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self._sockets = ours, theirs
        self.fd = ours.fileno()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)

    def _ask(self, *_: object) -> None:
        self.asked = True


def run(name: str, build: Callable[[Place], Stage]) -> None:
    """Run the stage that `build` makes until it finishes, is told to stop, or fails; then exit with its code."""
    try:
        stop = _Stop()
        supervised = HEARTBEAT_FD in os.environ
        settings = load_settings()
        identity = identify(name)
        logs.configure(settings, stage=identity.name, pid=identity.pid)
        if settings.bus_keys and (name == "bus" or not supervised):  # one for all of a pipeline
            for path in open_secrets(settings.bus_keys):
                log.warning("others can read a secret key", path=str(path), remedy="chmod 600")
        runtime_dir = prepare_runtime_dir(settings.runtime_dir)
        state_dir = Path(os.environ.get(STATE_DIR) or runtime_dir / "state" / name)
        place = Place(settings, identity, state_dir, restarted=os.environ.get(RESTARTS, "0") != "0")
        with contextlib.nullcontext() if supervised else locks.share_version(runtime_dir, software()):
            finished = Loop(place, build, stop).run()
    except AffectError as error:
        print(f"{name}: {error}", file=sys.stderr, flush=True)
        sys.exit(error.exit_code)
    except Exception:
        log.exception("crashed")
        sys.exit(1)
    sys.exit(0 if finished or not supervised else TOLD_TO_STOP)


class Loop:
    """Runs a stage between its sockets; publishes its status every second and logs a summary when it is news."""

    def __init__(self, place: Place, build: Callable[[Place], Stage], stop: _Stop):
        self._place = place
        self._build = build
        self._stop = stop
        self._bus = Bus(place.settings)
        self._bus.watch(stop.fd)
        self._pulse = _Pulse()
        self._deputy = Deputy(self._publish_status, self._pulse.beat)
        self._own_topic = f"status/{place.identity.process}/"
        self._wants_own = False
        self._echo = Echo()
        self._once = logs.Once()
        self._memory = psutil.Process()
        self._next_beat, self._next_summary = 0.0, float("inf")
        self._logged: Summary = {}
        self._logged_at = 0.0
        self._further: frozenset[str] = frozenset()
        self._stage = Stage()

    def run(self) -> bool:
        """Loop until the end; True if the stage finished, False if it was told to stop."""
        try:
            with self._deputy.instead(self._place.identity.status("starting"), first_s=_FIRST_STATUS_S, alive=False):
                self._stage = self._build(self._place)
            for fd in self._stage.fds:
                self._bus.watch(fd)
            topics = self._stage.topics()
            self._wants_own = self._own_topic.startswith(tuple(topics))
            for topic in {*topics, self._own_topic}:
                self._bus.subscribe(topic)
            self._echo = Echo()  # nothing came back before we subscribed
            self._next_summary = time.monotonic() + SUMMARY_S
            self._stage.meter.summarize(time.monotonic())
            while not (self._stop.asked or self._pulse.lost or self._stage.finished):
                self._turn()
            log.info("stopping", reason="finished" if self._stage.finished else "told to")
            self._publish(self._stage.stop(time.monotonic()))
            self._next_beat = 0.0
            self._beat()
            return self._stage.finished
        finally:
            self._stage.close()
            self._deputy.end()
            self._bus.close()

    def _turn(self) -> None:
        now = time.monotonic()
        self._bus.wait(0.0 if self._stage.has_work() else min(self._next_beat - now, self._stage.wake_in(now)))
        for event in self._bus.receive_subscriptions():
            self._publish(self._stage.handle_subscription(event, time.monotonic()))
        if heard := self._receive():
            self._publish(self._stage.handle(heard, time.monotonic()))
        self._publish(self._stage.tick(time.monotonic()))
        self._follow(self._stage.further_topics(time.monotonic()))
        self._beat()
        if self._stage.has_work():
            with self._deputy.instead(self._status()):
                said = list(self._stage.work(time.monotonic()))
            for envelope in said:  # no status in between: it would report the work as done
                self._bus.publish(encode(envelope))

    def _follow(self, wanted: frozenset[str]) -> None:
        for topic in wanted - self._further:
            self._bus.subscribe(topic)
        for topic in self._further - wanted:
            self._bus.unsubscribe(topic)
        self._further = wanted

    def _receive(self) -> list[Envelope]:
        """The messages received, up to a limit. Our own status among them proves that we are connected."""
        heard, count = [], 0
        for parts in self._bus.receive(_MOST_AT_ONCE):
            count += 1
            try:
                envelope = decode(parts)
            except MessageError as error:
                self._stage.meter.count("malformed")
                if self._once(error.kind):
                    log.warning("malformed message dropped", error=str(error))
                continue
            if envelope.topic == "status" and envelope.key == self._place.identity.process:
                self._echo.heard()
                if not self._wants_own:
                    continue
            heard.append(envelope)
        if count < _MOST_AT_ONCE:
            self._note_connection()
        return heard

    def _note_connection(self) -> None:
        if self._echo.check(time.monotonic()):
            if self._echo.connected:
                log.info("ready", detail=self._stage.detail)
            else:
                settings = self._place.settings
                why = self._bus.trouble() or f"no echo from {settings.bus_out_address}"
                log.warning("no bus, waiting for it", address=settings.bus_in_address, error=why)
            self._next_beat = 0.0

    def _publish(self, said: Iterable[Envelope]) -> None:
        for envelope in said:
            if self._stage.news:
                self._stage.news = False
                self._publish_status(self._status())
            self._bus.publish(encode(envelope))
            self._beat()

    def _beat(self) -> None:
        now = time.monotonic()
        if now < self._next_beat:
            return
        self._next_beat = now + (BEAT_S if self._echo.connected else _UNCONNECTED_BEAT_S)
        self._publish_status(self._status())
        if self._stage.healthy(now):
            self._pulse.beat()
        if now >= self._next_summary:
            self._next_summary = now + SUMMARY_S
            summary = self._stage.meter.summarize(now)
            if is_news(summary, self._logged) or now >= self._logged_at + QUIET_S:
                self._logged, self._logged_at = summary, now
                log.info("summary", **summary)

    def _publish_status(self, status: Envelope) -> None:
        self._bus.publish(encode(status))
        self._echo.said(time.monotonic())

    def _status(self) -> Envelope:
        stage = self._stage
        return self._place.identity.status(
            stage.state if self._echo.connected or stage.state == "failed" else self._echo.state,
            stage.error,
            sources=stage.sources(),
            counters=dict(stage.meter.counters),
            latency_ms=stage.meter.latency(),
            memory_mb=round(self._memory.memory_info().rss / 1e6, 1),
            detail=stage.detail,
            unfinished=stage.unfinished(),
        )
