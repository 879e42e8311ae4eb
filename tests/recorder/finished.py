"""Small finished recordings, written by hand."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from recorder.schema import FACES, FRAMES, LANDMARKS, RAW
from shared.messages import EMOTIONS

SIZE = (64, 48)


def face(
    seq: int,
    track_id: int | None = 1,
    label: str | None = "neutral",
    raw: Sequence[float] | None = None,
    box: tuple[float, float, float, float] = (10, 10, 30, 30),
    **more: Any,
) -> dict[str, Any]:
    """A row of the faces without its time; with `raw`, it was classified. The eyes are level."""
    x1, y1, x2, _ = box
    eyes = {"eye_left_x": x1 + 5, "eye_right_x": x2 - 5, "eye_left_y": y1 + 5, "eye_right_y": y1 + 5}
    points = {f"{point}_{axis}": float(eyes.get(f"{point}_{axis}", 0)) for point in LANDMARKS for axis in "xy"}
    numbers = dict(zip(RAW, [None] * len(EMOTIONS) if raw is None else raw, strict=True))
    sides = {name: float(value) for name, value in zip(("x1", "y1", "x2", "y2"), box, strict=True)}
    head = {"source": "film", "seq": seq, "track_id": track_id, "confidence": 0.99, "label": label}
    return {**head, **sides, **points, **numbers, "classified": raw is not None, "first_pts": 0.0, **more}


def probs(**shares: float) -> list[float]:
    """Seven probabilities by label; those not named are 0."""
    return [shares.get(label, 0.0) for label in EMOTIONS]


def recording(
    folder: Path, pts: Sequence[float], faces: Iterable[dict[str, Any]], given_up: Iterable[int] = (), **run: object
) -> Path:
    """Write a recording with a frame at each of these times; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"pts": pts[row["seq"]], "classified_pts": None, **row} for row in faces]
    lost = set(given_up)
    frames = [
        {
            "source": "film", "seq": seq, "pts": at, "faces": sum(row["seq"] == seq for row in rows), "left_out": 0,
            "classified": True, "complete": seq not in lost, "width": SIZE[0], "height": SIZE[1],
        }
        for seq, at in enumerate(pts)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows, FACES), folder / "faces.parquet")
    pq.write_table(pa.Table.from_pylist(frames, FRAMES), folder / "frames.parquet")
    about = {
        "schema": 1, "version": "0.1.0", "input": {"path": "film.mp4", "sha256": None, "bytes": 1}, "settings": {},
        "model": {"name": "emotion-net", "version": "1", "sha256": "1" * 64}, "started": "2026-01-02T03:04:05+00:00",
        "seconds": 1.5, "frames": len(frames), "faces": len(rows), "tracks": 1, "warnings": [], "size": list(SIZE),
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps({**about, **run}))
    return folder


def times(count: int, step_s: float = 0.1) -> list[float]:
    """Evenly spaced `pts`, as a capture rounds them."""
    return [round(index * step_s, 6) for index in range(count)]
