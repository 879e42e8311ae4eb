"""Films and pictures that viewers upload: replayed as sources, then looked at, until they are deleted.

Each has a folder of its own, named by us, below one that is the dashboard's while it runs: what a killed one leaves
behind is deleted by the next. `now` is monotonic seconds.
"""

import contextlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog

from dashboard.journal import Journal
from dashboard.media import Kind
from dashboard.opened import Opened, RefusedError
from dashboard.recorder import Recorder, missing_recorder
from shared import locks
from shared.control import Opening
from shared.errors import ConfigurationError
from shared.results import Smoothed
from shared.status import SourceStatus

log = structlog.get_logger()

MOST_KEPT = 8
TABLES = (
    "faces.parquet",
    "frames.parquet",
    "faces.csv",
    "frames.csv",
    "tracks.csv",
    "run.json",
    "report.html",
)
_FILM, _JOURNAL, _OUT, _LOG = "film", "journal", "tables", "recorder.log"
_OVER = ("holding", "ended")
_FINISHES_S = 15.0


class Upload:
    """One upload, from its first byte to its deletion; `name` is what the viewer calls it."""

    def __init__(self, number: str, folder: Path, name: str, size: int, now: float):
        self.id = number
        self.folder = folder
        self.name = name
        self.size = size
        self.began_at = now
        self.kind: Kind | None = None
        self.state = "receiving"
        self.error: str | None = None
        self.recorder: Recorder | None = None
        self.journal = Journal(folder / _JOURNAL)
        self._over_at: float | None = None

    @property
    def film(self) -> Path:
        """Where its bytes are."""
        return self.folder / _FILM

    def table(self, name: str) -> Path | None:
        """One of its tables; None if there is none of this name (yet)."""
        if name not in TABLES:
            return None
        found = sorted(self.folder.glob(f"{_OUT}/*/{name}"), key=lambda path: path.stat().st_mtime)
        return found[-1] if found else None

    def facts(self) -> dict[str, Any]:
        """What viewers are told of it, as JSON."""
        return {
            "id": self.id,
            "source": self.id,
            "name": self.name,
            "bytes": self.size,
            "state": self.state,
            "error": self.error,
            "frames": self.journal.frames,
            "seconds": self.journal.seconds,
            "missing": self.journal.missing,
            "is_picture": bool(self.kind and self.kind.is_picture),
            "tables": [name for name in TABLES if self.table(name)] if self.state == "done" else [],
        }

    def begin(self, opened: Opened, now: float) -> None:
        """Have it replayed, and recorded where the recorder is installed."""
        if not missing_recorder():
            self.recorder = Recorder(self.id, self.folder / _OUT, self.folder / _LOG, ["--csv"])
        opening = Opening(
            spec=str(self.film), mode="replay", at_end="hold", ack="recorder" if self.recorder else "smoother"
        )
        opened.want(self.id, opening, now)
        self.state = "opening"

    def fail(self, why: str) -> None:
        """It cannot be replayed."""
        self.state, self.error = "failed", why
        self._end_recorder()

    def follow(self, status: SourceStatus | None, now: float) -> None:
        """Go on to the next state, by what its capture reports and how its recorder fares."""
        over = self.journal.is_whole or (status is not None and status.state in _OVER and not status.unfinished)
        if status and status.state == "refused":
            why = (status.error or "no reason was given").replace(str(self.film), self.name)
            self.fail(f"It could not be replayed: {why}.")
        elif self.recorder:
            self._follow_recorder(self.recorder, over, now)
        elif over:
            self.state = "done"
        if status and self.state in ("opening", "running"):
            self.state = "running" if status.state == "running" else "opening"

    def _follow_recorder(self, recorder: Recorder, over: bool, now: float) -> None:
        code = recorder.ended()
        if code is not None and (code or not self.table("run.json")):
            self.fail(f"It could not be recorded: {recorder.last_words()}.")
        elif code is not None:
            self.state = "done"
        elif over and self._over_at is None:
            self.state, self._over_at = "finishing", now
        elif self._over_at is not None and now - self._over_at > _FINISHES_S:
            recorder.stop()  # it waits for the last frame, which was not found

    def remove(self) -> None:
        """Delete all of it."""
        self._end_recorder()
        self.journal.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end_recorder(self) -> None:
        if self.recorder:
            self.recorder.kill()
            self.recorder.close()
            self.recorder = None


class Uploads:
    """All uploads; viewers' requests come from the web server's threads, messages and time from the stage's."""

    def __init__(self, root: Path, process: str, opened: Opened, keep_s: float, now: float):
        self._lock = threading.RLock()
        self._opened = opened
        self._keep_s = keep_s
        self._folder = root / process
        self._uploads: dict[str, Upload] = {}
        self._held: locks.Lock | None = None
        with contextlib.suppress(OSError, ConfigurationError):  # a full disk, which `receive` meets again
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            for number in _remove_leftovers(root):
                opened.drop(number, now)
            self._held = locks.take(root, process, "this dashboard's uploads")

    @property
    def folder(self) -> Path:
        """Where they are kept."""
        return self._folder

    def listed(self) -> list[dict[str, Any]]:
        """The facts of all, oldest first."""
        with self._lock:
            return [one.facts() for one in self._uploads.values() if one.state != "receiving"]

    def names(self) -> dict[str, str]:
        """What viewers call their files, by source."""
        with self._lock:
            return {number: one.name for number, one in self._uploads.items()}

    def find(self, number: str) -> Upload | None:
        """The upload of this id."""
        with self._lock:
            upload = self._uploads.get(number)
            return None if upload is None or upload.state == "receiving" else upload

    def receiving(self) -> int:
        """How many are on their way."""
        with self._lock:
            return sum(one.state == "receiving" for one in self._uploads.values())

    @contextlib.contextmanager
    def receive(self, name: str, size: int, now: float) -> Iterator[Upload]:
        """A new upload, to be written to its `film` within the `with`; deleted again if that fails.

        Raises RefusedError, and OSError, as on a full disk.
        """
        with self._lock:
            if len(self._uploads) >= MOST_KEPT:
                raise RefusedError(f"{MOST_KEPT} uploads are kept, which is the most; delete one first.")
            number = self._opened.free_name("upload", now, also=self._uploads)
            folder = self._folder / number
            folder.mkdir(mode=0o700, parents=True)
            upload = self._uploads[number] = Upload(number, folder, name, size, now)
        try:
            yield upload
            with self._lock:
                upload.begin(self._opened, now)
        except BaseException:
            with self._lock:
                del self._uploads[number]
                upload.remove()
            raise

    def delete(self, number: str, now: float) -> bool:
        """Delete one; False if there is none of this id."""
        with self._lock:
            if self.find(number) is None:
                return False
            self._close(number, now)
            self._uploads.pop(number).remove()
            return True

    def hear(self, result: Smoothed) -> None:
        """Keep the result if it is of an upload."""
        with self._lock:
            upload = self._uploads.get(result.source)
            if upload is None or upload.state in ("receiving", "failed", "done"):
                return
            try:
                upload.journal.add(result)
            except OSError as error:
                upload.fail(f"Its results could not be kept: {error.strerror}.")

    def tick(self, now: float) -> None:
        """Follow each; close the sources of those that are over, and delete those that have been kept long enough."""
        with self._lock:
            for number, upload in list(self._uploads.items()):
                if upload.state not in ("receiving", "done", "failed"):
                    upload.follow(self._opened.status(number, now), now)
                    if upload.state in ("done", "failed"):
                        self._close(number, now)
                        log.info("upload", id=number, state=upload.state, error=upload.error)
                elif upload.state != "receiving" and now - upload.began_at > self._keep_s:
                    self.delete(number, now)

    def close(self) -> None:
        """Delete all."""
        with self._lock:
            for upload in self._uploads.values():
                upload.remove()
            self._uploads.clear()
            shutil.rmtree(self._folder, ignore_errors=True)
            if self._held:
                self._held.release()

    def _close(self, number: str, now: float) -> None:
        with contextlib.suppress(RefusedError):
            self._opened.close(number, now)


def _remove_leftovers(root: Path) -> list[str]:
    """Delete what killed dashboards have left, whose locks nobody holds; returns the ids of their uploads."""
    numbers = []
    for left in root.glob("*/"):
        with contextlib.suppress(locks.LockedError, OSError):
            lock = locks.take(root, left.name, "these uploads")
            numbers += [path.name for path in left.glob("*/")]
            shutil.rmtree(left, ignore_errors=True)
            lock.release()
    return numbers
