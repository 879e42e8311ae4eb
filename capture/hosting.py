"""Which sources a capture hosts: those it was started with, and those that `control/` opens and closes.

A source that is closed is not gone at once: what is in flight is answered first, then `ended` is said, so that the
smoother forgets it. A source that `control/` has opened never ends the process, whatever its fault is.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from capture.auto import find_camera
from capture.claims import Claims, lock_source
from capture.host import host
from capture.hosted import Hosted
from capture.names import SourceSpec, parse_source, parse_sources, redact
from capture.others import Others
from capture.sources import PushedSource, path_exists
from shared.control import PUSHED, CameraFrame, Control, Opening
from shared.errors import AffectError, ConfigurationError
from shared.identity import under_honcho
from shared.locks import Lock
from shared.log import Seldom
from shared.stage import BEAT_S, Place
from shared.state import forget_state, states
from shared.status import SourceStatus

log = structlog.get_logger()

MOST_SOURCES = 64
DRAIN_S = 2.0
"""Of a source being closed, what workers have not finished after this long is given up ..."""
LEAVE_S = 5.0
"""... and after this long nobody is waited for."""
SAY_S = 2 * BEAT_S
"""How long its end is said."""
_LOOK_S = 0.05


@dataclass
class _Added:
    """What is known of a source that was opened by a `control/`."""

    opening: Opening
    lock: Lock
    closing_at: float | None = None
    ended_at: float | None = None
    error: str | None = None
    """The fault for which it is being closed."""
    next: Opening | None = None
    """What to open under its name once it is closed."""


class Hosting:
    """The sources by name, in the order in which they came; their readers wake the main loop through `wake`."""

    def __init__(self, place: Place, wake: socket.socket, others: Others):
        self.listed = parse_sources(place.settings.capture_source, partial(find_camera, place), path_exists)
        self.hosted: dict[str, Hosted] = {}
        self.refused: dict[str, SourceStatus] = {}
        self._place = place
        self._wake = wake
        self._others = others
        self._names = {spec.name for spec in self.listed}
        self._claims = Claims(self.listed, place.settings.runtime_dir, shared=under_honcho())
        self._added: dict[str, _Added] = {}
        self._seldom = Seldom()

    def claim(self, now: float) -> None:
        """Host further sources of the list.

        Raises SourceError if one can never be read, LockedError if it is in use elsewhere and the list is not shared.
        """
        for spec in self._claims.take(now):
            hosted = host(spec, self._place, self._wake)
            hosted.start()
            self.hosted[spec.name] = hosted

    def hear(self, message: Control, now: float) -> None:
        """Open or close a source; what is so already stays as it is."""
        source, opening = message.source, message.opening
        one = self._added.get(source)
        if source in self._names:
            if opening or source in self.hosted:
                self._decline(source, "was given at the start", now)
        elif opening is None:
            self._close(source, one, now)
        elif one is None:
            if source not in self.refused:
                self._open(source, opening, now)
        elif one.closing_at is not None:
            one.next = None if one.error else opening
        elif one.opening != opening:
            self._decline(source, "is open as something else; close it first", now)

    def push(self, frame: CameraFrame, now: float) -> None:
        """Pass a picture to the source it is for."""
        if source := self._pushed(frame.source):
            source.push(frame.jpeg, frame.captured_ns, now)

    @contextlib.contextmanager
    def contained(self, hosted: Hosted, now: float) -> Iterator[None]:
        """Whatever fault is raised within makes a source that was added `refused`; others raise it."""
        try:
            yield
        except Exception as error:
            one = self._added.get(hosted.name)
            if one is None:
                raise
            if one.closing_at is None:
                one.error = hosted.error = _in_a_line(error)
            self._end(one, hosted, now)

    def settle(self, now: float) -> list[str]:
        """Go on closing what is to be closed; returns the names of those that are gone."""
        gone = []
        for name, one in list(self._added.items()):
            if one.closing_at is None:
                continue
            hosted, waited_s = self.hosted[name], now - one.closing_at
            if waited_s > DRAIN_S:
                hosted.window.give_up()
            if waited_s > LEAVE_S:
                hosted.window.flights.clear()
            if hosted.state == "ended" and one.ended_at is None:
                one.ended_at = now
            is_through = one.ended_at is not None and (waited_s > LEAVE_S or not hosted.reader.is_alive)
            if is_through and (one.error or one.next or now - (one.ended_at or now) > SAY_S):
                self._remove(name, one, hosted, now)
                gone.append(name)
        return gone

    def wake_in(self) -> float:
        """Seconds until `settle` is needed."""
        return _LOOK_S if any(one.closing_at is not None for one in self._added.values()) else BEAT_S

    def is_added(self, source: str) -> bool:
        """Whether a `control/` opened it."""
        return source in self._added

    def added(self) -> dict[str, bool]:
        """The sources that `control/` opened, and whether their pictures come as `camera/`."""
        return {name: self._pushed(name) is not None for name in self._added}

    def given_have_ended(self) -> bool:
        """Whether all sources of the list have ended, here or in another capture."""
        own = {name for name, hosted in self.hosted.items() if hosted.state == "ended"}
        return own | (self._others.ended - self.hosted.keys()) >= self._names

    def close(self) -> None:
        """Stop all readers and release all names."""
        for name, hosted in self.hosted.items():
            hosted.reader.end()
            if source := self._pushed(name):
                source.end()
        for hosted in self.hosted.values():
            hosted.stop()
        for one in self._added.values():
            one.lock.release()
        self._claims.release()

    def _open(self, source: str, opening: Opening, now: float) -> None:
        try:
            if len(self.hosted) >= MOST_SOURCES:
                raise ConfigurationError(f"this capture has {MOST_SOURCES} sources, which is the most")
            if process := self._others.host_of(source, now):
                raise ConfigurationError(f"the source {source!r} is hosted by {process}")
            with contextlib.ExitStack() as undo:
                lock = lock_source(self._place.settings.runtime_dir, source)
                undo.callback(lock.release)
                hosted = host(self._spec(source, opening), self._place, self._wake, opening)
                hosted.start()
                undo.pop_all()
        except Exception as error:  # noqa: BLE001 — whatever it is, the other sources go on
            label, live = redact(opening.spec), opening.mode == "live"
            self._refuse(_status(source, label, live=live, error=_in_a_line(error)))
        else:
            log.info("source added", source=source, spec=hosted.label, live=hosted.policy.live, ack=hosted.policy.ack)
            self.hosted[source], self._added[source] = hosted, _Added(opening, lock)

    def _spec(self, source: str, opening: Opening) -> SourceSpec:
        if opening.spec == PUSHED:
            return SourceSpec(source, PUSHED)
        return parse_source(source, opening.spec, partial(find_camera, self._place), path_exists)

    def _close(self, source: str, one: _Added | None, now: float) -> None:
        if one is not None:
            one.next = one.error = None
            if one.closing_at is None:
                self._end(one, self.hosted[source], now)
            return
        if self.refused.pop(source, None):
            log.info("source closed", source=source)
        for path in states(self._place.state_dir, ".json"):  # of a capture that was killed
            if path.name.startswith(f"{source}."):
                with contextlib.suppress(OSError):
                    forget_state(path)

    def _end(self, one: _Added, hosted: Hosted, now: float) -> None:
        if one.closing_at is None:
            one.closing_at = now
        if source := self._pushed(hosted.name):
            source.end()
        hosted.end(now, time.time_ns())

    def _remove(self, source: str, one: _Added, hosted: Hosted, now: float) -> None:
        del self.hosted[source], self._added[source]
        one.lock.release()
        if one.error:
            live, epoch = hosted.policy.live, hosted.epoch
            self._refuse(_status(source, hosted.label, live=live, epoch=epoch, error=one.error))
        else:
            log.info("source closed", source=source)
        if one.next:
            self._open(source, one.next, now)

    def _refuse(self, status: SourceStatus) -> None:
        log.warning("source refused", source=status.source, error=status.error)
        self.refused[status.source] = status
        if len(self.refused) > MOST_SOURCES:
            del self.refused[next(iter(self.refused))]

    def _decline(self, source: str, why: str, now: float) -> None:
        if self._seldom(source, now):
            log.warning("control ignored", source=source, error=f"the source {source!r} {why}")

    def _pushed(self, source: str) -> PushedSource | None:
        hosted = self.hosted.get(source)
        return hosted.reader.source if hosted and isinstance(hosted.reader.source, PushedSource) else None


def _status(source: str, spec: str, *, live: bool, error: str, epoch: int = 0) -> SourceStatus:
    """The status of a source that was refused; `epoch` is its last one."""
    return SourceStatus(
        source=source,
        spec=spec,
        epoch=epoch,
        state="refused",
        live=live,
        seq=-1,
        window=0,
        unfinished=0,
        fps=0.0,
        error=error,
        added=True,
    )


def _in_a_line(error: Exception) -> str:
    text = str(error) if isinstance(error, AffectError) else redact(f"{type(error).__name__}: {error}")
    return " ".join(text.split())
