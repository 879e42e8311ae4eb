"""The few words on a source's tile, and about the faces in it. Pure."""

from collections.abc import Mapping

from dashboard.condition import UNANSWERED_S, Condition, waiting_for
from dashboard.waits import Waits
from shared.results import Smoothed
from shared.status import SourceStatus


def words_of(
    status: SourceStatus | None, since_s: float, waits: Waits, missing: Mapping[str, str], condition: Condition
) -> str:
    """A source's state in a few words; what is wrong goes before what is not.

    Args:
        status: its capture's last report; None if the capture is silent.
        since_s: for how long the capture has been silent, or else the source in this state.
        waits: what is overdue.
        missing: the needed stages without a ready process, each with the reason.
        condition: the source's condition.
    """
    if status is None:
        return f"silent for {since_s:.0f} s"
    resting = {
        "refused": f"refused: {status.error or 'no reason given'}",
        "opening": "cannot be opened yet" if status.error else "opening",
        "reconnecting": f"reconnecting for {since_s:.0f} s",
    }
    if status.state in resting:
        return resting[status.state]
    if condition.level == "error":
        return _without_results(status, waits, missing)
    if status.state in ("holding", "ended"):
        return "ended"
    if condition.level == "warning" and waits.frames:
        return f"no frame for {waits.frames:.0f} s"
    if "classifier" in missing:
        return f"no classifier: faces are not classified ({waiting_for({'classifier': missing['classifier']})})"
    if status.overloaded:
        return f"overloaded: {status.results_fps:.2g} of {status.fps:.3g} frames/s are analysed"
    return "live" if status.live else "replay"


def _without_results(status: SourceStatus, waits: Waits, missing: Mapping[str, str]) -> str:
    if status.error:
        return f"no results: {status.error}"
    if missing and not (waits.results and waits.results > UNANSWERED_S and status.waits_for):
        return f"no results: {waiting_for(missing)}"
    if waits.results and waits.results > UNANSWERED_S:
        whom = f", waiting for the {status.waits_for}" if status.waits_for else ""
        return f"no result for {waits.results:.0f} s{whom}"
    return f"faces are not classified for {waits.emotions or 0:.0f} s"


def faces_words(result: Smoothed | None) -> str | None:
    """What there is to say about a result's faces; None where confirmed ones are listed and none is left out.

    Args:
        result: the newest result of a frame that was looked at; None before the first.
    """
    if result is None:
        return "not looked at yet"
    if result.left_out:
        return f"{result.left_out} more faces are not followed (AFFECT_MAX_FACES)"
    if any(face.track_id is not None for face in result.faces):
        return None
    if not result.faces:
        return "no face"
    return "a face, not yet confirmed" if len(result.faces) == 1 else f"{len(result.faces)} faces, not yet confirmed"
