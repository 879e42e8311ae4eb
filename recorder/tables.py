"""Results to tables: Parquet, and CSV beside it, in row groups of a fixed size, so that equal rows give equal files."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from msgspec.structs import astuple

from recorder.schema import FACES, FRAMES, QUALITY
from shared.messages import EMOTIONS
from shared.results import Smoothed, TrackedFace

_GROUP, _BATCH = 32_768, 1024
"""Rows of a row group, and of the batches that it is collected from: rows as Python objects take much memory."""
_UNKNOWN = (None,) * len(EMOTIONS)
_UNMEASURED = (None,) * len(QUALITY)

Row = tuple[Any, ...]


def face_rows(result: Smoothed) -> Iterator[Row]:
    """The rows of FACES of one result."""
    for face in result.faces:
        yield (
            result.source,
            result.seq,
            result.pts,
            face.track_id,
            *face.xyxy,
            face.confidence,
            *(value for point in face.landmarks for value in point),
            *(face.probs or _UNKNOWN),
            *(face.smoothed or _UNKNOWN),
            face.label,
            face.reason,
            face.probs is not None,
            face.classified_pts,
            face.first_pts,
            *(astuple(face.quality) if face.quality else _UNMEASURED),
        )


def frame_row(result: Smoothed) -> Row:
    """The row of FRAMES of one result."""
    width, height = result.size or (None, None)
    return (
        result.source,
        result.seq,
        result.pts,
        len(result.faces),
        result.left_out,
        result.classified,
        result.complete,
        width,
        height,
    )


def without_past(result: Smoothed) -> Smoothed:
    """A result as of a picture that has none before it: nobody is followed, each face has its own probabilities.

    Faces that were not classified are left out: they only help to follow somebody.
    """
    faces = [
        TrackedFace(
            track_id=None,
            xyxy=face.xyxy,
            confidence=face.confidence,
            landmarks=face.landmarks,
            probs=face.probs,
            smoothed=face.probs,
            label=None if face.reason else EMOTIONS[int(np.argmax(face.probs))],
            first_pts=result.pts,
            classified_pts=result.pts,
            quality=face.quality,
            reason=face.reason,
        )
        for face in result.faces
        if face.probs is not None
    ]
    return Smoothed(**result.header(), **_rest(result), faces=faces)


def _rest(result: Smoothed) -> dict[str, Any]:
    names = ("size", "classified", "complete", "repeat", "stages_ms", "left_out")
    return {name: getattr(result, name) for name in names}


class Table:
    """A table being written: `<stem>.parquet`, with `csv` also `<stem>.csv`, in a folder."""

    def __init__(self, folder: Path, stem: str, schema: pa.Schema, *, csv: bool):
        self._schema = schema
        self._rows: list[Row] = []
        self._batches: list[pa.RecordBatch] = []
        self._digests = [hashlib.sha256(field.name.encode()) for field in schema]
        self._files = ExitStack()
        parquet = self._files.enter_context(pq.ParquetWriter(folder / f"{stem}.parquet", schema))
        self._writers: list[Callable[[pa.Table], object]] = [parquet.write_table]
        if csv:
            text = self._files.enter_context(pa.csv.CSVWriter(folder / f"{stem}.csv", schema))
            self._writers.append(text.write_table)

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        for row in rows:
            self._rows.append(row)
            if len(self._rows) == _BATCH:
                self._collect()
                if len(self._batches) * _BATCH >= _GROUP:
                    self._flush()

    def close(self) -> str:
        """Finish the files; returns the digest of the rows, see `digest`."""
        self._collect()
        self._flush()
        self._files.close()
        return _joined(self._digests)

    def _collect(self) -> None:
        if self._rows:
            columns = zip(zip(*self._rows, strict=True), self._schema, strict=True)
            batch = pa.record_batch([pa.array(column, field.type) for column, field in columns], self._schema)
            _update(self._digests, batch)
            self._batches.append(batch)
            self._rows.clear()

    def _flush(self) -> None:
        if self._batches:
            group = pa.Table.from_batches(self._batches).combine_chunks()
            for write in self._writers:
                write(group)
            self._batches.clear()


def write_tables(results: Iterable[Smoothed], folder: Path, *, csv: bool) -> dict[str, str]:
    """Write faces and frames into a folder; returns each file's digest of its rows."""
    faces, frames = Table(folder, "faces", FACES, csv=csv), Table(folder, "frames", FRAMES, csv=csv)
    for result in results:
        faces.add(face_rows(result))
        frames.add((frame_row(result),))
    return {"faces.parquet": faces.close(), "frames.parquet": frames.close()}


def digest(path: Path, columns: Iterable[str]) -> str:
    """SHA-256 of these columns of a Parquet file, whatever its row groups, compression and further columns.

    Of each column its name, then per row whether there is a value and the value: numbers as their little-endian
    bytes, text as UTF-8 behind its length (4 bytes). The digest is that of all columns' digests in order.
    """
    names = list(columns)
    digests = [hashlib.sha256(name.encode()) for name in names]
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_GROUP, columns=names):
            _update(digests, batch.select(names))
    return _joined(digests)


def _update(digests: Iterable["hashlib._Hash"], batch: pa.RecordBatch) -> None:
    for digest_, column in zip(digests, batch.columns, strict=True):
        if pa.types.is_string(column.type):
            for text in column.to_pylist():
                encoded = b"" if text is None else text.encode()
                digest_.update(bytes([text is not None]) + len(encoded).to_bytes(4, "little") + encoded)
            continue
        there = column.is_valid().to_numpy(zero_copy_only=False)
        kind = np.dtype(column.type.to_pandas_dtype())
        filled = column.fill_null(False if kind == np.bool_ else 0).to_numpy(zero_copy_only=False)
        pairs = np.empty(len(there), np.dtype([("there", "?"), ("value", kind.newbyteorder("<"))]))
        pairs["there"], pairs["value"] = there, filled
        digest_.update(pairs.tobytes())


def _joined(digests: Iterable["hashlib._Hash"]) -> str:
    return hashlib.sha256(b"".join(one.digest() for one in digests)).hexdigest()
