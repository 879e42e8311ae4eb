"""Messages made up for the dashboard's tests."""

from typing import Any

from shared import messages as m
from shared.results import Smoothed, TrackedFace
from shared.status import SourceStatus, Status

_AT: dict[str, Any] = {"prev": None, "acked": None, "captured_ns": 0, "live": True, "end": False}


def face(
    track_id: int | None = 1, label: str | None = "happy", xyxy: m.Box = (10.0, 10.0, 50.0, 60.0), **further
) -> TrackedFace:
    """A face of which 70 % is `label`."""
    probs = tuple(0.7 if emotion == label else 0.05 for emotion in m.EMOTIONS)
    known: dict[str, Any] = {"probs": probs, "smoothed": probs, "label": label}
    known |= {"confidence": 0.99, "landmarks": ((0.0, 0.0),) * 5, "first_pts": 0.0, "classified_pts": 0.0}
    return TrackedFace(track_id=track_id, xyxy=xyxy, **(known | further))


def result(seq: int = 0, source: str = "cam0", epoch: int = 1, faces: tuple[TrackedFace, ...] = ()) -> Smoothed:
    """The result of a frame, ten to the second."""
    kind: dict[str, Any] = {"classified": True, "complete": True, "repeat": False, "stages_ms": {}, "size": (320, 240)}
    return Smoothed(**_AT, **kind, source=source, epoch=epoch, seq=seq, pts=seq / 10, faces=list(faces))


def preview(seq: int = 0, source: str = "cam0", epoch: int = 1, jpeg: bytes = b"") -> m.Preview:
    """A frame's preview; without a JPEG, one that names the frame."""
    jpeg = jpeg or f"{source} {epoch} {seq}".encode()
    return m.Preview(**_AT, source=source, epoch=epoch, seq=seq, pts=seq / 10, jpeg=jpeg, size=(320, 240))


def status(stage: str = "detector", pid: int = 1, state: Any = "ready", name: str = "", **further) -> Status:
    """A process's status; a larger pid started later."""
    process = f"{stage}-host-{pid}"
    fixed: dict[str, Any] = {"process": process, "stage": stage, "host": "host", "pid": pid, "started_ns": pid * 10**9}
    return Status(**fixed, name=name or f"{stage}.{pid}", state=state, **further)


def source_status(source: str = "cam0", state: Any = "running", **further) -> SourceStatus:
    """A source as its capture reports it."""
    known: dict[str, Any] = {"spec": "0", "epoch": 1, "live": True, "seq": 7, "window": 2, "unfinished": 1, "fps": 30.0}
    return SourceStatus(source=source, state=state, **(known | further))
