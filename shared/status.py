"""What every process says of itself once a second, as frozen, checked structs; see messages.py."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.messages import Count, Finite, Message, SourceName


class SourceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One source of a capture.

    `window` is the number of frames it may have in flight, `unfinished` how many it has; `fps` counts the frames read,
    `results_fps` the complete results, both a second.
    """

    source: SourceName
    spec: str
    epoch: Count
    state: Literal["opening", "running", "reconnecting", "holding", "ended"]
    live: bool
    seq: int
    window: Count
    unfinished: Count
    fps: Finite
    error: str | None = None
    results_fps: Finite = 0.0
    age_ms: Finite | None = None
    """From capture to result, the median of the last few; None before the first."""
    given_up: Count = 0
    """Frames given up so far."""
    stale: Count = 0
    """Frames that workers dropped so far, since they had been given up or were too late."""
    overloaded: bool = False
    """A good part of the frames cannot be analysed: `results_fps` of `fps` are."""
    effort: Count = 0
    """Steps by which live work is reduced; `scan_s`, `max_side` and `classify_every` are what is in force now."""
    scan_s: Finite = 0.0
    max_side: Count = 0
    classify_every: Count = 1
    bottleneck: Literal["detector", "classifier"] | None = None
    """Where the frames of all live sources spend most of their time; None where there is no live one."""
    waits_for: Literal["detector", "classifier", "smoother", "recorder"] | None = None
    """Who has the oldest unfinished frame, and for how many seconds it has been under way."""
    waits_s: Finite = 0.0


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Of the last few hundred units of work; for a capture, from camera to acknowledged result."""

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
    """For so long it has been at one piece of work; 0 when that is none or a short one."""
    unfinished: dict[str, Count] | None = None
    """For a worker: the messages of each source that it has heard and not answered; None: unknown, as while busy."""
