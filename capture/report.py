"""A source's status for viewers. Pure; time in seconds."""

from capture.effort import Bottleneck, Effort
from capture.flight import Phase
from capture.hosted import Hosted
from shared.status import SourceStatus

_RECORDER_S = 10.0


def report(
    hosted: Hosted, now: float, effort: Effort, *, overloaded: bool, bottleneck: Bottleneck | None = None
) -> SourceStatus:
    """The status of a source; `effort` is the one in force."""
    window, pace = hosted.window, hosted.pace
    fps, results_fps = pace.per_second()
    oldest = next(iter(window.flights.values()), None)
    return SourceStatus(
        source=hosted.name,
        spec=hosted.label,
        epoch=hosted.epoch,
        state=hosted.state,
        live=hosted.policy.live,
        seq=-1 if window.last_sent is None else window.last_sent,
        window=hosted.window_size,
        unfinished=len(window.flights),
        fps=round(fps, 1),
        error=hosted.error or _unrecorded(hosted, now),
        results_fps=round(results_fps, 2),
        age_ms=pace.age_ms(),
        given_up=pace.given_up,
        stale=pace.stale,
        overloaded=overloaded,
        effort=effort.steps,
        scan_s=effort.scan_s,
        max_side=effort.max_side,
        classify_every=effort.classify_every,
        bottleneck=bottleneck,
        waits_for=oldest.waits_for if oldest else None,
        starts_s=hosted.starts_s,
        waits_s=round(max(0.0, now - oldest.captured_at), 1) if oldest else 0.0,
    )


def _unrecorded(hosted: Hosted, now: float) -> str | None:
    """The error of a missing recorder, which would otherwise stall the pipeline silently."""
    answered = (flight for flight in hosted.window.flights.values() if flight.phase is Phase.ANSWERED)
    if any(flight.sent_at and now - flight.sent_at > _RECORDER_S for flight in answered):
        return f"no recorder has said ack/{hosted.name}/ for {_RECORDER_S:.0f} s (AFFECT_CAPTURE_ACK=recorder)"
    return None
