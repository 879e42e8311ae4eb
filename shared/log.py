"""Structured logs, one line per event: key-value pairs on a terminal, JSON for machines."""

import contextlib
import logging
import sys
from typing import TextIO, cast

import structlog

from shared.settings import Settings


def configure(settings: Settings, **bound: object) -> None:
    """Set the format and bind the keys that every line of this process carries (`stage`, `pid`…)."""
    console = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if console else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S.%f" if console else "iso", utc=not console),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _Lossy(sys.stderr))),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    if not console:
        structlog.contextvars.bind_contextvars(**bound)


class _Lossy:
    """A stream that ignores write errors: a full disk must not end the process that logs."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()


class Once:
    """Lets each kind of event through once, so that a flood of bad input makes one line and a counter."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, kind: str) -> bool:
        """True the first time `kind` is asked about."""
        if kind in self._seen:
            return False
        self._seen.add(kind)
        return True


class Seldom:
    """Lets each kind of event through at most once per `every_s` seconds; time is an argument."""

    def __init__(self, every_s: float = 60.0):
        self._every_s = every_s
        self._last: dict[str, float] = {}

    def __call__(self, kind: str, now: float) -> bool:
        """True if `kind` was not let through in the last `every_s` seconds."""
        self._last = {known: at for known, at in self._last.items() if now - at < self._every_s}
        if kind in self._last:
            return False
        self._last[kind] = now
        return True
