"""The status that every process publishes once a second, as frozen, checked structs; see messages.py."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.messages import Count, Finite, Message, SourceName


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One source of a capture.

    `window` is the limit on frames in flight, `unfinished` their number; `fps` counts the frames read per second,
    `results_fps` the complete results.
    """

    source: SourceName
    spec: str
    epoch: Count
    state: Literal["opening", "running", "reconnecting", "holding", "ended", "refused"]
    live: bool
    seq: int
    window: Count
    unfinished: Count
    fps: Finite
    error: str | None = None
    results_fps: Finite = 0.0
    age_ms: Finite | None = None
    """From capture to result, median of the last few; None before the first."""
    given_up: Count = 0
    """Frames given up so far."""
    stale: Count = 0
    """Frames dropped by workers so far: given up, or past their deadline."""
    overloaded: bool = False
    """The workers cannot keep up: only `results_fps` of `fps` are analysed."""
    effort: Count = 0
    """Steps by which live work is reduced; `scan_s`, `max_side` and `classify_every` are the values in force."""
    scan_s: Finite = 0.0
    max_side: Count = 0
    classify_every: Count = 1
    bottleneck: Literal["detector", "classifier"] | None = None
    """Where the frames of all live sources spend most of their time; None for a source that is not live."""
    waits_for: Literal["detector", "classifier", "smoother", "recorder"] | None = None
    """Who has the oldest unfinished frame; `waits_s` is the time since its capture."""
    waits_s: Finite = 0.0
    starts_s: Finite = 0.0
    """The recording's own time stamp of its first frame, whose `pts` is 0."""
    added: bool = False
    """Opened by a `control/` message."""


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Percentiles in ms over the last few hundred units of work; a capture's, from capture to acknowledged result."""

    p50: Finite
    p95: Finite


class Status(Message, frozen=True, kw_only=True):
    """`status/<process>/`: once a second from every process."""

    process: Annotated[str, Meta(max_length=128)]
    name: str
    stage: str
    host: str
    pid: Count
    started_ns: int
    state: Literal["starting", "ready", "reconnecting", "failed"]
    error: str | None = None
    sources: list[SourceStatus] = msgspec.field(default_factory=list)
    counters: dict[str, int] = msgspec.field(default_factory=dict)
    latency_ms: Latency | None = None
    memory_mb: Finite = 0.0
    detail: str = ""
    """What the process works with: a back end, a model."""
    busy_s: Finite = 0.0
    """Time spent so far on the current piece of work; 0 if idle or if it is short."""
    unfinished: dict[str, Count] | None = None
    """A worker's unanswered messages by source; None: unknown, as while busy."""
