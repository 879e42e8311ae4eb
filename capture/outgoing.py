"""The messages that a capture says about its frames."""

from capture.flight import Flight
from shared import messages as m
from shared.topics import Envelope


def frame(header: m.Header, flight: Flight, detector: str, now: float, *, classify: bool) -> Envelope:
    """`frame/`: a frame in flight for a detector, sent at second `now`. It must not have been given up."""
    assert flight.image is not None  # noqa: S101 — it has not been given up
    asked = flight.asked
    message = m.Frame(
        **header,
        image=m.Image.of(flight.image),
        classify=classify,
        scan=asked.scan,
        hints=[face.box for face in asked.hints],
        hint_ids=[face.track_id for face in asked.hints],
        turn=asked.turn,
        turns=asked.turns,
        max_side=asked.max_side or None,
        signature=list(asked.signature),
        deadline_ms=round(1000 * (flight.deadline_at - now), 1) if flight.live else None,
    )
    return Envelope("frame", detector, message)


def gone(header: m.Header, flight: Flight) -> Envelope:
    """`gone/`: a frame was given up. It must have been."""
    assert flight.gone is not None  # noqa: S101 — it has been given up
    return Envelope("gone", header["source"], m.Gone(**header, reason=flight.gone))
