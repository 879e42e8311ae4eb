"""A finished recording: the folder with `faces.parquet`, `frames.parquet` and `run.json`, read in batches."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from recorder.schema import LANDMARKS, RAW, REASONS
from shared.errors import AffectError
from shared.files import replacing
from shared.messages import EMOTIONS

BATCH_ROWS = 65_536
PEOPLE = "people.csv"
"""The table of which track ids are one person's, if that was asked for; see `recorder.persons`."""
_ALONE_S = 1.0
_BOX = ("x1", "y1", "x2", "y2")
_POINTS = tuple(f"{point}_{axis}" for point in LANDMARKS for axis in "xy")
_COLUMNS = ("seq", "pts", "track_id", *_BOX, "confidence", *_POINTS, *RAW, "label", "reason", "classified")


class UnfinishedError(AffectError):
    """A folder that holds no finished recording."""


class Frames(NamedTuple):
    """All frames, in order, as arrays of one length.

    Attributes:
        seq: int64.
        pts: float64, seconds.
        until: float64, seconds: the `pts` of the next frame that was looked at. The last frame lasts as long as the one
            before it, the only one for a second.
        faces: int32.
        left_out: int32.
        classified: bool.
        complete: bool.
    """

    seq: NDArray[np.int64]
    pts: NDArray[np.float64]
    until: NDArray[np.float64]
    faces: NDArray[np.int32]
    left_out: NDArray[np.int32]
    classified: NDArray[np.bool_]
    complete: NDArray[np.bool_]

    @property
    def seconds(self) -> float:
        """From the first frame's beginning to the last one's end; 0 without frames."""
        return float(self.until[-1] - self.pts[0]) if len(self.pts) else 0.0


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of the faces, sorted by `seq`, as arrays of one length N.

    Attributes:
        seq: int64.
        pts: float64, seconds.
        until: float64, seconds: until when the row's frame stands, see `Frames`.
        track_id: int64, the person's number; -1 before there is one.
        xyxy: (N, 4) float32, pixels.
        confidence: float32.
        landmarks: (N, 5, 2) float32, pixels.
        raw: (N, 7) float32 in the order of EMOTIONS; NaN where nothing was measured.
        label: int64 index into EMOTIONS, -1 before the first label and with a reason.
        reason: int64 index into REASONS, why there is no label; -1 if there is none.
        classified: bool: `raw` was measured in this very frame.
    """

    seq: NDArray[np.int64]
    pts: NDArray[np.float64]
    until: NDArray[np.float64]
    track_id: NDArray[np.int64]
    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    raw: NDArray[np.float32]
    label: NDArray[np.int64]
    reason: NDArray[np.int64]
    classified: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.seq)

    def pick(self, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "Rows":
        """The rows that a mask, indices or a slice pick, in that order."""
        return Rows(**{name: values[which] for name, values in vars(self).items()})

    def then(self, others: "Rows") -> "Rows":
        """These rows, and the others after them."""
        return Rows(**{name: np.concatenate((values, getattr(others, name))) for name, values in vars(self).items()})

    @property
    def side(self) -> NDArray[np.float64]:
        """Size of each face in pixels: the square root of its box's area."""
        boxes = self.xyxy.astype(np.float64)
        sides: NDArray[np.float64] = np.sqrt((boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1))
        return sides


class Finished:
    """A finished recording. The frames are held in memory (40 bytes each), the faces are read in batches.

    If the folder has a `people.csv`, ids that are one person's are read as one, that person's number.

    Raises:
        UnfinishedError: a table or `run.json` is missing or cannot be read.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        try:
            self.run: dict[str, Any] = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            table = pq.read_table(folder / "frames.parquet")
            self._faces = pq.ParquetFile(folder / "faces.parquet")
            self.person_of = _persons(folder / PEOPLE)
        except (OSError, ValueError, KeyError, pa.ArrowException) as error:
            raise UnfinishedError(f"{folder}: is no finished recording ({error})") from error
        sources = table["source"]
        self.source = str(sources[0]) if len(sources) else ""
        columns = {name: table[name].to_numpy() for name in Frames._fields if name != "until"}
        self.frames = Frames(until=_until(columns["pts"], columns["complete"]), **columns)

    @property
    def joined(self) -> int | None:
        """How many ids were joined with others; None if nobody asked for it."""
        return None if self.person_of is None else sum(one != person for one, person in self.person_of.items())

    def rows(self) -> Iterator[Rows]:
        """All rows of the faces, in batches of up to BATCH_ROWS."""
        for batch in self._faces.iter_batches(BATCH_ROWS, columns=list(_COLUMNS)):
            yield self._rows(batch)

    def tracked(self) -> Iterator[Rows]:
        """As `rows`, without the faces that have no `track_id` (yet)."""
        return (rows.pick(rows.track_id >= 0) for rows in self.rows())

    def _person(self, track_id: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.person_of is None:
            return track_id
        ids, place = np.unique(track_id, return_inverse=True)
        return np.array([self.person_of.get(one, one) for one in ids.tolist()], np.int64)[place]

    def _rows(self, batch: pa.RecordBatch) -> Rows:
        seq = batch["seq"].to_numpy()
        place = np.searchsorted(self.frames.seq, seq)
        landmarks = _side_by_side(batch, _POINTS).reshape(-1, len(LANDMARKS), 2)
        return Rows(
            seq=seq,
            pts=batch["pts"].to_numpy(),
            until=self.frames.until[place],
            track_id=self._person(pc.fill_null(batch["track_id"], -1).to_numpy()),
            xyxy=_side_by_side(batch, _BOX),
            confidence=batch["confidence"].to_numpy(),
            landmarks=landmarks,
            raw=_side_by_side(batch, RAW),
            label=_index(batch["label"], EMOTIONS),
            reason=_index(batch["reason"], REASONS),
            classified=batch["classified"].to_numpy(zero_copy_only=False),
        )


def _persons(path: Path) -> dict[int, int] | None:
    """The person of each id; None if they are not joined."""
    if not path.exists():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        return {int(row["track_id"]): int(row["person"]) for row in csv.DictReader(file)}


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write a CSV file atomically, in UTF-8 with LF; None is an empty cell, floats have up to six decimals."""
    with replacing(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        for row in rows:
            table.writerow([round(cell, 6) + 0.0 if isinstance(cell, float) else cell for cell in row])  # 0, not -0
    return path


def _until(pts: NDArray[np.float64], complete: NDArray[np.bool_]) -> NDArray[np.float64]:
    if not len(pts):
        return pts
    last = pts[-1] + (pts[-1] - pts[-2] if len(pts) > 1 else _ALONE_S)
    looked_at = np.append(pts[complete], last)
    until: NDArray[np.float64] = np.maximum(looked_at[np.cumsum(complete)], pts)
    return until


def _index(texts: pa.Array, names: Sequence[str]) -> NDArray[np.int64]:
    """(N,) place of each text in `names`, -1 for null."""
    return np.asarray(pc.fill_null(pc.index_in(texts, pa.array(names)), -1).to_numpy(), np.int64)


def _side_by_side(batch: pa.RecordBatch, names: Sequence[str]) -> NDArray[np.float32]:
    """Columns as (N, columns) float32, NaN for null."""
    return np.column_stack([batch[name].to_numpy(zero_copy_only=False) for name in names]).astype(np.float32)
