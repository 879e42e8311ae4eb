"""Results as a smoother would publish them."""

from typing import Any

from shared.messages import EMOTIONS, Quality
from shared.results import Smoothed, TrackedFace


def probs(happy: float) -> Any:
    """Seven probabilities, most of it happy."""
    rest = (1 - happy) / 6
    return tuple(happy if label == "happy" else rest for label in EMOTIONS)


QUALITY = Quality(
    size=30.0, sharpness=0.5, noise=0.125, brightness=110.0, contrast=50.0, roll=-4.0, turned=0.25, mouth=0.75
)


def face(track_id: int | None = 1, *, measured: bool = True, pts: float = 0.0, x: float = 10.0) -> TrackedFace:
    """One face."""
    return TrackedFace(
        track_id=track_id,
        xyxy=(x, 20.0, x + 30.0, 60.0),
        confidence=0.99,
        landmarks=((1.0, 2.0), (3.0, 4.0), (5.0, 6.0), (7.0, 8.0), (9.0, 10.0)),
        probs=probs(0.7) if measured else None,
        smoothed=probs(0.6),
        label="happy",
        first_pts=0.0,
        classified_pts=pts,
        quality=QUALITY if measured else None,
    )


def result(seq: int, *faces: TrackedFace, prev: int | None = -1, acked: int | None = None, **others: Any) -> Smoothed:
    """The result of frame `seq` of 30 a second; `prev` is the one before it unless it is given."""
    keys: dict[str, Any] = {
        "source": "clip",
        "epoch": 7,
        "pts": seq / 30,
        "captured_ns": 0,
        "live": False,
        "end": False,
        "size": (640, 360),
        "classified": seq % 3 == 0,
        "complete": True,
        "repeat": False,
        "stages_ms": {},
    }
    before = (seq - 1 if seq else None) if prev == -1 else prev
    return Smoothed(seq=seq, prev=before, acked=acked, faces=list(faces), **keys | others)


def film(count: int) -> list[Smoothed]:
    """A whole film with a face in every frame, measured in every third."""
    return [
        result(seq, face(measured=seq % 3 == 0, pts=(seq - seq % 3) / 30), end=seq == count - 1) for seq in range(count)
    ]
