"""One upload: a film or picture in a folder of its own, from its first byte to its deletion."""

import contextlib
import shutil
from pathlib import Path
from typing import Any

from dashboard.journal import Journal
from dashboard.media import Kind
from dashboard.opened import Opened
from dashboard.recorder import Recorder, missing_recorder
from shared.control import Opening
from shared.status import SourceStatus

TABLES = (
    "faces.parquet",
    "frames.parquet",
    "faces.csv",
    "frames.csv",
    "tracks.csv",
    "run.json",
    "report.html",
)
HIDDEN = ("receiving", "deleting")
"""The states in which viewers are not told of it."""
ENDED = ("done", "failed")
_FILM, _JOURNAL, _OUT, _LOG = "film", "journal", "tables", "recorder.log"
_OVER = ("holding", "ended")
_FINISHES_S = 15.0
_KILLED_S = 5.0


class Upload:
    """One upload, in a folder that it makes; `name` is what the viewer calls it, `now` is monotonic seconds.

    Raises OSError, as on a full disk.
    """

    def __init__(self, number: str, folder: Path, name: str, size: int, now: float):
        self.id = number
        self.folder = folder
        self.name = name
        self.size = size
        self.began_at = now
        self.kind: Kind | None = None
        self.state = "receiving"
        self.error: str | None = None
        self.source_closed = False
        self.recorder: Recorder | None = None
        try:
            folder.mkdir(mode=0o700, parents=True)
            self.journal = Journal(folder / _JOURNAL)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._over_at: float | None = None

    @property
    def film(self) -> Path:
        """Where its bytes are."""
        return self.folder / _FILM

    def table(self, name: str) -> Path | None:
        """One of its tables; None if there is none of this name (yet)."""
        if name not in TABLES:
            return None
        with contextlib.suppress(OSError):  # it is being deleted
            return max(self.folder.glob(f"{_OUT}/*/{name}"), key=lambda path: path.stat().st_mtime, default=None)
        return None

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
        if self.recorder:
            self.recorder.kill()

    def follow(self, status: SourceStatus | None, now: float, *, wanted: bool) -> None:
        """Go on to the next state, by what its capture reports, how its recorder fares, and if its source is wanted."""
        held = status is not None and status.state in _OVER and not status.unfinished
        over = self.journal.is_whole or held or not wanted
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
        """Delete all of it; waits for its recorder to be gone."""
        recorder, self.recorder = self.recorder, None
        if recorder:
            recorder.kill()
            recorder.wait(_KILLED_S)
            recorder.close()
        self.journal.close()
        shutil.rmtree(self.folder, ignore_errors=True)
