"""The sources that viewers want, and what captures have to be told so that they come about. No sockets, no clock."""

import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from shared.control import PUSHED, Control, Opening
from shared.status import SourceStatus, Status

MOST_WANTED = 32
SILENT_S = 3.0
"""A capture that has said nothing for this long is taken for gone."""
AGAIN_S = 1.0
"""An unmet request is repeated after this long."""
_APPEARS_S = 10.0  # captures are heard of within this after a start
_CLOSES_S = 2.0  # a capture that is told to open and close at once lists the source for a moment, later


class RefusedError(Exception):
    """A request that cannot be met; the message is for the viewer."""


class NameTakenError(RefusedError):
    """There is a source of this name."""


class GivenError(RefusedError):
    """The source was not opened by a viewer."""


class UnknownSourceError(RefusedError):
    """There is no such source."""


@dataclass
class _Wanted:
    opening: Opening
    process: str | None = None
    said_at: float = float("-inf")


@dataclass
class _Closing:
    since: float
    said_at: float = float("-inf")


@dataclass(frozen=True)
class _Capture:
    status: Status
    heard_at: float
    sources: dict[str, SourceStatus] = field(default_factory=dict)


class Opened:
    """What is wanted, against what captures report. May be used by several threads; `now` is monotonic seconds.

    `host` is ours: files are opened by a capture of the same one, if there is any.
    """

    def __init__(self, host: str = ""):
        self._lock = threading.Lock()
        self._host = host
        self._captures: dict[str, _Capture] = {}
        self._wanted: dict[str, _Wanted] = {}
        self._closing: dict[str, _Closing] = {}

    def hear(self, status: Status, now: float) -> None:
        """Take a status in; only those of captures matter."""
        if status.stage != "capture":
            return
        with self._lock:
            self._captures[status.process] = _Capture(status, now, {one.source: one for one in status.sources})
            place = (status.host, status.name)
            for process, known in list(self._captures.items()):
                replaced = place == (known.status.host, known.status.name) and known.status.pid != status.pid
                if now - known.heard_at > SILENT_S or (replaced and known.status.started_ns < status.started_ns):
                    del self._captures[process]

    def want(self, source: str, opening: Opening, now: float) -> None:
        """Have a source opened. Raises RefusedError."""
        with self._lock:
            if source in self._closing:
                raise NameTakenError(f"{source} is just being closed; ask again in a moment.")
            if source in self._wanted or source in self._listed(now):
                raise NameTakenError(f"There is a source {source} already; choose another name.")
            if len(self._wanted) >= MOST_WANTED:
                raise RefusedError(f"{MOST_WANTED} sources have been opened, which is the most; close one first.")
            self._wanted[source] = _Wanted(opening)

    def close(self, source: str, now: float) -> None:
        """Have it closed. Raises UnknownSourceError, and GivenError for one that a capture was started with."""
        with self._lock:
            listed = self._listed(now).get(source)
            if source not in self._wanted and listed is None:
                raise UnknownSourceError(f"There is no source {source}.")
            if source not in self._wanted and listed and not listed.added:
                raise GivenError(f"{source} was given when the capture was started; only that can end it.")
            self._wanted.pop(source, None)
            self._closing.setdefault(source, _Closing(now))

    def drop(self, source: str, now: float) -> None:
        """Have a source closed that was opened before this start, if a capture turns out to have it."""
        with self._lock:
            self._closing.setdefault(source, _Closing(now + _APPEARS_S))

    def close_all(self, now: float) -> None:
        """Have everything closed that is wanted here."""
        for source in self.wanted():
            self.close(source, now)

    def wanted(self) -> list[str]:
        """The names of the sources that are wanted here."""
        with self._lock:
            return list(self._wanted)

    def free_name(self, kind: str, now: float, also: Collection[str] = ()) -> str:
        """The first of `<kind>-1`, `<kind>-2`, … that no source has and that is not `also` taken."""
        with self._lock:
            taken = {*self._wanted, *self._closing, *self._listed(now), *also}
            return next(name for name in (f"{kind}-{n}" for n in range(1, len(taken) + 2)) if name not in taken)

    def status(self, source: str, now: float) -> SourceStatus | None:
        """What a capture reports of a source; None while none does."""
        with self._lock:
            return self._listed(now).get(source)

    def is_known(self, source: str, now: float) -> bool:
        """Whether a capture reports it."""
        return self.status(source, now) is not None

    def has_capture(self, now: float) -> bool:
        """Whether there is a capture that could open a source."""
        with self._lock:
            return any(self._ready(now))

    def due(self, now: float) -> list[Control]:
        """What captures are to be told now."""
        with self._lock:
            for source, status in self._listed(now).items():
                if _is_abandoned(status) and source not in self._wanted:
                    self._closing.setdefault(source, _Closing(now))
            opens = [one for source, wanted in self._wanted.items() for one in self._open(source, wanted, now)]
            closes = [one for source in list(self._closing) for one in self._close(source, now)]
            return [*opens, *closes]

    def _open(self, source: str, wanted: _Wanted, now: float) -> Iterator[Control]:
        """The requests that bring a source about, unless these are met, refused, or were said a moment ago."""
        fresh = self._fresh(now)
        having = [process for process, one in fresh.items() if _has(one, source)]
        if having and wanted.process not in having:
            wanted.process = having[0]  # one that was silent for a while still has it
        elif wanted.process not in fresh:
            wanted.process, wanted.said_at = self._chosen(wanted.opening, now), float("-inf")
        if now - wanted.said_at < AGAIN_S:
            return
        others = [process for process, one in fresh.items() if source in one.sources and process != wanted.process]
        is_met = wanted.process is None or source in self._captures[wanted.process].sources
        if others or not is_met:
            wanted.said_at = now
        for process in others:
            yield Control(process=process, source=source, opening=None)
        if wanted.process is not None and not is_met:
            yield Control(process=wanted.process, source=source, opening=wanted.opening)

    def _close(self, source: str, now: float) -> Iterator[Control]:
        """The requests that end a source, to each capture that has it; forgotten once none has."""
        closing = self._closing[source]
        holders = [
            process
            for process, capture in self._fresh(now).items()
            if (listed := capture.sources.get(source)) and listed.added
        ]
        if not holders and now - closing.since > _CLOSES_S:
            del self._closing[source]
            return
        told = holders or (self._fresh(now) if now >= closing.since else ())
        if told and now - closing.said_at >= AGAIN_S:
            closing.said_at = now
            for process in told:
                yield Control(process=process, source=source, opening=None)

    def _chosen(self, opening: Opening, now: float) -> str | None:
        """The ready capture with the fewest sources."""

        def load(capture: _Capture) -> tuple[bool, int, str]:
            process, host = capture.status.process, capture.status.host
            asked = {source for source, wanted in self._wanted.items() if wanted.process == process}
            far = opening.spec.startswith("/") and host != self._host
            return far, len(capture.sources.keys() | asked), process

        ready = list(self._ready(now))
        return min(ready, key=load).status.process if ready else None

    def _ready(self, now: float) -> Iterator[_Capture]:
        return (capture for capture in self._fresh(now).values() if capture.status.state == "ready")

    def _fresh(self, now: float) -> dict[str, _Capture]:
        return {process: one for process, one in self._captures.items() if now - one.heard_at <= SILENT_S}

    def _listed(self, now: float) -> dict[str, SourceStatus]:
        listed: dict[str, SourceStatus] = {}
        for capture in self._fresh(now).values():
            listed |= {
                name: status for name, status in capture.sources.items() if name not in listed or _has(capture, name)
            }
        return listed


def _is_abandoned(status: SourceStatus) -> bool:
    """Whether it is a viewer's camera from which nothing comes any more."""
    return status.added and status.spec == PUSHED and status.state == "ended"


def _has(capture: _Capture, source: str) -> bool:
    """Whether a capture has opened a source, or is about to."""
    status = capture.sources.get(source)
    return status is not None and status.state != "refused"
