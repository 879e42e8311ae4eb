"""The condition of a source and of the whole pipeline in words, for the page and `/healthz`. Pure."""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

import msgspec

from dashboard.waits import Waits
from shared.status import SourceStatus

UNANSWERED_S = 5.0
"""Frames arriving for this long without a complete result are a fault, ..."""
RARE = 3
"""... or, at low frame rates, this many of them."""
_LATE_S = 0.2  # what is younger, nobody calls old

_BUSY = {
    "detector": "add a detector (honcho start -c detector=2), look for larger faces only (AFFECT_MIN_FACE_SIZE) or"
    " search smaller frames (AFFECT_DETECT_MAX_SIDE)",
    "classifier": "add a classifier (honcho start -c classifier=2) or classify fewer frames (AFFECT_CLASSIFY_EVERY)",
}


class Condition(msgspec.Struct, frozen=True):
    """`ok`, `notice` (fine, but worth knowing), `warning` (less than requested) or `error` (no results); and why."""

    level: Literal["ok", "notice", "warning", "error"]
    words: str = ""


class Health(NamedTuple):
    """`ok`, `warning` or `unavailable`, and the reasons in words."""

    status: Literal["ok", "warning", "unavailable"]
    problems: list[str]
    warnings: list[str]


def condition_of(status: SourceStatus | None, missing: Mapping[str, str], waits: Waits) -> Condition:
    """The condition of one source.

    Args:
        status: its capture's last report; None if the capture is silent.
        missing: the needed stages without a ready process, each with the reason.
        waits: what is overdue.
    """
    if status is None:
        return Condition("error", "The capture of this source is silent.")
    if status.state == "refused":
        return Condition("warning", _join("The source was refused.", status.error))
    if status.state == "opening":
        return Condition("warning" if status.error else "notice", _join("Opening the source.", status.error))
    if status.state == "reconnecting":
        return Condition("warning", _join("The source is gone; trying to reopen it.", status.error))
    if status.state in ("holding", "ended") and (waits.results or 0.0) <= UNANSWERED_S:
        return Condition("ok", "The recording is over.")
    if status.error:
        return Condition("error", f"No results: {status.error}.")
    without = {stage: why for stage, why in missing.items() if stage != "classifier" or not status.live}
    if without and (waits.results is None or waits.results > 1.0):
        return Condition("error", f"No results: {waiting_for(without)}.")
    return _working(status, missing, waits)


def _working(status: SourceStatus, missing: Mapping[str, str], waits: Waits) -> Condition:
    """The condition while every stage needed for results is ready."""
    unanswered_s = waits.results or 0.0
    if unanswered_s > max(UNANSWERED_S, RARE / status.fps if status.fps else 0.0):
        whom = f", {status.waits_for} has had the oldest for {status.waits_s:.0f} s" if status.waits_for else ""
        return Condition("error", f"No result for {unanswered_s:.0f} s though frames arrive{whom}.")
    if "classifier" in missing:
        return Condition("warning", f"Faces are detected but not classified: {waiting_for(missing)}.")
    if (waits.emotions or 0.0) > UNANSWERED_S:
        return Condition("error", f"Faces are detected, but for {waits.emotions:.0f} s none was classified.")
    if (waits.frames or 0.0) > max(UNANSWERED_S, RARE * waits.gap_s):
        return Condition("warning", f"No frame has come from the source for {waits.frames:.0f} s.")
    if status.overloaded:
        age_s = (status.age_ms or 0.0) / 1000
        age = f", results are {age_s:.1f} s old" if age_s >= _LATE_S else ""
        remedy = _BUSY[status.bottleneck or "detector"]
        rates = f"{status.results_fps:.2g} of {status.fps:.3g} frames/s are analysed"
        return Condition("warning", f"Overloaded: {rates}{age}; {remedy}.{_less(status)}")
    return Condition("notice", f"Keeping up by doing less.{_less(status)}") if status.effort else Condition("ok")


def is_lost(status: SourceStatus | None, condition: Condition, waits: Waits) -> bool:
    """Whether nothing comes from a source that is to deliver."""
    if status is None or condition.level == "error":
        return True
    return condition.level == "warning" and (status.state in ("opening", "reconnecting") or bool(waits.frames))


def _less(status: SourceStatus) -> str:
    if not status.effort:
        return ""
    return (
        f" Whole frames are searched every {status.scan_s:g} s at {status.max_side} pixels, one frame in"
        f" {status.classify_every} is classified (more below 30 frames/s)."
    )


def health_of(conditions: Mapping[str, Condition], missing: Mapping[str, str], lost: Collection[str]) -> Health:
    """The condition of the whole pipeline.

    Args:
        conditions: by source.
        missing: the needed stages without a ready process, each with the reason.
        lost: the sources without results, including cameras that are gone.
    """
    problems = [waiting_for(missing)] if missing else []
    warnings = []
    all_lost = bool(conditions) and set(lost) == set(conditions)
    for source, condition in conditions.items():
        if condition.level == "error" or (all_lost and condition.level == "warning"):
            problems.append(f"{source}: {condition.words}")
        elif condition.level == "warning":
            warnings.append(f"{source}: {condition.words}")
    return Health("unavailable" if problems else "warning" if warnings else "ok", problems, warnings)


def waiting_for(missing: Mapping[str, str]) -> str:
    """The missing stages in words: `detector is silent, smoother not seen`."""
    return ", ".join(f"{stage} {why}" if why == "not seen" else f"{stage} is {why}" for stage, why in missing.items())


def _join(words: str, error: str | None) -> str:
    return f"{words}\n{error}" if error else words
