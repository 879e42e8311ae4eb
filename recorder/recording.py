"""One recording in the making: its results in a journal, then its folder of tables, which appears as a whole."""

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from recorder import checkpoint
from recorder.checkpoint import boot_id, flush
from recorder.inputs import Clip
from recorder.journal import Journal, read_journal
from recorder.manifest import RUN, Stamp, digest, own_version, stamp, versions, write_json
from recorder.order import InOrder
from recorder.schema import SCHEMA_VERSION
from recorder.settings import changed
from recorder.tables import without_past, write_tables
from shared.errors import AffectError, ConfigurationError
from shared.files import replacing
from shared.results import Ack, Smoothed
from shared.topics import Envelope

Derive = Callable[[Path, Path | None], Iterable[Path]]
"""Writes into a folder of tables what is made of them, and of the film if there is one; see `recorder.derived`."""

_JOURNAL, _BEGUN = "journal", "begun.json"


@dataclass(frozen=True)
class Begun:
    """What a recording was begun with; one that is resumed must have the same.

    `boot`: since which start of the computer, see `checkpoint.boot_id`.
    """

    path: str
    source: str
    stamp: Stamp | None
    """None: of a running pipeline, whose film cannot be looked at."""
    settings: dict[str, Any]
    model: str = ""
    """The SHA-256 of its weights."""
    stills: bool = False
    version: str = field(default_factory=own_version)
    started: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    boot: str = field(default_factory=boot_id)

    @staticmethod
    def of(clip: Clip, settings: Mapping[str, Any], model: str) -> "Begun":
        """Of a clip that is begun now. Raises SourceError if it cannot be read."""
        return Begun(os.fspath(clip.path), clip.source, stamp(clip.path), dict(settings), model, clip.stills)


class Recording:
    """Takes the results of one epoch of a source, in any order and repeated, and keeps each once.

    `now` is in seconds. `work` is its folder while it is made, with what is written already if it is continued;
    `after`: the last result of an earlier recording that this one follows.
    """

    def __init__(self, work: Path, begun: Begun, now: float, *, durable: bool = False, after: Smoothed | None = None):
        self.work = work
        self.begun = begun
        self.began_at = now
        self.saved_at = now
        """When there was a checkpoint last."""
        work.mkdir(parents=True, exist_ok=True)
        write_begun(work, begun)
        self.journal = Journal(work / _JOURNAL, durable=durable)
        last = self.journal.last or after
        self.epoch = last.epoch if last else None
        self._before = self.journal.frames
        self._order = InOrder(last.seq if last else None)

    @property
    def is_whole(self) -> bool:
        """Whether the last frame of the source is written."""
        return self.journal.last is not None and self.journal.last.end

    @property
    def written(self) -> int:
        """Frames written since it was opened."""
        return self.journal.frames - self._before

    @property
    def lost(self) -> int:
        """How many times results were missing for good."""
        return self._order.lost

    def hear(self, results: Iterable[Smoothed]) -> Envelope | None:
        """Write what is new; returns the acknowledgement. Raises OSError, as on a full disk."""
        due: list[Smoothed] = []
        heard = False
        for result in results:
            self.epoch = result.epoch if self.epoch is None else self.epoch
            if result.epoch == self.epoch:
                heard = True
                due += self._order.push(result)
        if due:
            self.journal.append(due)
        last = self.journal.last
        if not heard or last is None:
            return None
        return Envelope("ack", last.source, Ack(source=last.source, epoch=last.epoch, seq=last.seq))

    def save(self, states: Sequence[Path], now: float) -> None:
        """Write a checkpoint, see `checkpoint.save`."""
        self.saved_at = now
        if self.journal.last is not None:
            checkpoint.save(self.work, self.journal, states)


def write_begun(work: Path, begun: Begun) -> None:
    """Write what a recording was begun with into its folder, so that it outlasts a power cut."""
    with replacing(work / _BEGUN) as part:
        write_json(part, asdict(begun))
        flush(part)
    flush(work, work.parent, work.parent.parent)


def recover(work: Path) -> Mapping[str, bytes] | None:
    """Put an unfinished recording back to its last checkpoint; returns the states that the pipeline goes on from.

    None if there is none: the recording then begins again.
    """
    begun, saved = unfinished(work), checkpoint.load(work)
    journal = work / _JOURNAL
    if begun is None or saved is None or not journal.exists() or journal.stat().st_size < saved.journal:
        shutil.rmtree(work, ignore_errors=True)
        return None
    os.truncate(journal, saved.journal)
    write_begun(work, replace(begun, boot=boot_id()))
    return saved.states


def unfinished(work: Path) -> Begun | None:
    """What the recording in this folder was begun with; None if there is none."""
    try:
        content = json.loads((work / _BEGUN).read_text())
        return Begun(**content | {"stamp": content["stamp"] and Stamp(*content["stamp"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def check_same(before: Begun, now: Begun) -> bool:
    """Whether an unfinished recording can go on from where it was.

    Else it begins again: this project or the model is another version.

    Raises ConfigurationError if it was begun with another file or other settings.
    """
    if before.path != now.path or before.stamp != now.stamp:
        raise ConfigurationError(f"{now.path}: was begun with {_other(before, now)}; --overwrite begins again")
    if others := changed(before.settings, now.settings):
        raise ConfigurationError(f"{now.path}: was begun with other settings ({'; '.join(others)}); --overwrite begins")
    return (before.source, before.model, before.version) == (now.source, now.model, now.version)


def _other(before: Begun, now: Begun) -> str:
    return f"{before.path}" if before.path != now.path else "another content of this file"


def finish(
    recording: Recording, target: Path, facts: Mapping[str, Any], *, seconds: float, csv: bool, derive: Derive
) -> dict[str, Any]:
    """Make the tables, `run.json` and what is derived, and move all to `target` as one; returns `run.json`'s content.

    `facts` are further keys: `model`, `warnings` and whatever else is known; `seconds` is what it took so far. What
    cannot be derived becomes a warning. Raises AffectError if the recorded file has changed meanwhile.
    """
    begun = recording.begun
    source = _read_again(begun)
    tables = recording.work / "tables"
    shutil.rmtree(tables, ignore_errors=True)
    tables.mkdir()
    results = read_journal(recording.work / _JOURNAL)
    sizes: set[tuple[int, int] | None] = set()
    digests = write_tables(_noting(sizes, map(without_past, results) if begun.stills else results), tables, csv=csv)
    content = {
        "schema": SCHEMA_VERSION,
        "version": own_version(),
        "input": source,
        "source": begun.source,
        "settings": begun.settings,
        "started": begun.started,
        "seconds": round(seconds, 3),
        "frames": recording.journal.frames,
        "faces": pq.read_metadata(tables / "faces.parquet").num_rows,
        "tracks": 0 if begun.stills else recording.journal.tracks,
        "size": list(size) if len(sizes) == 1 and (size := next(iter(sizes))) else None,
        "tables": digests,
        "versions": versions(),
        **facts,
    }
    write_json(tables / RUN, content)
    film = None if begun.stamp is None or Path(begun.path).is_dir() else Path(begun.path)
    try:
        for _ in derive(tables, film):
            pass
    except AffectError as error:
        content["warnings"] = [*content.get("warnings", ()), str(error)]
        write_json(tables / RUN, content)
    flush(*tables.iterdir(), tables)  # else a power cut after the folder has got its name might leave files empty
    if target.exists():
        shutil.rmtree(target)
    tables.rename(target)
    flush(target.parent)
    discard(recording)
    return content


def _read_again(begun: Begun) -> dict[str, Any]:
    """What `run.json` says of the input."""
    if begun.stamp is None:
        return {"path": begun.path, "sha256": None, "bytes": None}
    path, now = Path(begun.path), stamp(Path(begun.path))
    if now != begun.stamp:
        was = begun.stamp.bytes
        raise AffectError(
            f"{path}: changed while it was read ({was} bytes, then {now.bytes}); record it once it is whole"
        )
    return {"path": begun.path, "sha256": digest(path, now), "bytes": now.bytes}


def _noting(sizes: set[tuple[int, int] | None], results: Iterable[Smoothed]) -> Iterable[Smoothed]:
    for result in results:
        if result.size is not None:
            sizes.add(result.size)
        yield result


def discard(recording: Recording) -> None:
    """Close and remove what a recording was made in."""
    recording.journal.close()
    shutil.rmtree(recording.work, ignore_errors=True)
