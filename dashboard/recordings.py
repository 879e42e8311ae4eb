"""Recording live sources from the page: a recorder process for each, and what they have written.

The tables lie in `<root>/<source>/<source>-<UTC time>/`, each folder whole as soon as it is there. They are the user's:
nothing here deletes them. `now` is monotonic seconds.
"""

import contextlib
import json
import mimetypes
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import structlog
from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse

from dashboard.opened import Opened, RefusedError, UnknownSourceError
from dashboard.recorder import Recorder, missing_recorder

log = structlog.get_logger()

MOST_AT_ONCE = 16
MOST_LISTED = 200
_RUN = "run.json"
_ENDS_S = 1.5  # of the 3.5 that a supervisor gives


class _File(NamedTuple):
    """A file of a recording, its bytes, and whether faces are to be seen in it."""

    path: Path
    size: int
    has_faces: bool


@dataclass
class _Running:
    recorder: Recorder
    began_at: float
    stopping: bool = False


class Recordings:
    """All recorders that viewers have started; their requests come from the web server's threads.

    Unless `faces_shown`, no film and no report with portraits is given out, which others may have put there.
    """

    def __init__(self, root: Path, logs: Path, opened: Opened, *, faces_shown: bool):
        self.root = root
        self._faces_shown = faces_shown
        self._logs = logs
        self._opened = opened
        self._lock = threading.Lock()
        self._running: dict[str, _Running] = {}
        self._failed: dict[str, str] = {}

    def start(self, source: str, now: float) -> None:
        """Record a source from now on. Raises RefusedError."""
        if missing := missing_recorder():
            raise RefusedError(missing)
        if self._opened.status(source, now) is None:
            raise UnknownSourceError(f"There is no source {source}.")
        with self._lock:
            if source in self._running:
                raise RefusedError(f"{source} is being recorded already.")
            if len(self._running) >= MOST_AT_ONCE:
                raise RefusedError(f"{MOST_AT_ONCE} recordings are running, which is the most.")
            self._failed.pop(source, None)
            try:
                self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
                recorder = Recorder(source, self.root / source, self._logs / f"{source}.log")
            except OSError as error:
                raise RefusedError(f"The recorder could not be started: {error.strerror}.") from None
            self._running[source] = _Running(recorder, now)

    def stop(self, source: str) -> None:
        """Finish a source's recording. Raises UnknownSourceError."""
        with self._lock:
            if (running := self._running.get(source)) is None:
                raise UnknownSourceError(f"{source} is not being recorded.")
            running.stopping = True
            running.recorder.stop()

    def tick(self) -> None:
        """Notice which recorders have ended."""
        with self._lock:
            for source, running in list(self._running.items()):
                if (code := running.recorder.ended()) is None:
                    continue
                if code:
                    self._failed[source] = f"{source} is not recorded any more: {running.recorder.last_words()}."
                    log.error("recording failed", source=source, error=running.recorder.last_words())
                running.recorder.close()
                del self._running[source]

    def close(self) -> None:
        """Have all of them finish; those that take longer end by themselves."""
        with self._lock:
            for running in self._running.values():
                running.recorder.stop()
            until = time.monotonic() + _ENDS_S
            for running in self._running.values():
                running.recorder.wait(until - time.monotonic())
                running.recorder.close()
            self._running.clear()

    def running(self, now: float) -> list[dict[str, Any]]:
        """The recordings that are being made, as JSON."""
        with self._lock:
            return [
                {"source": source, "seconds": round(now - one.began_at, 1), "finishing": one.stopping}
                for source, one in self._running.items()
            ]

    def failures(self) -> list[str]:
        """What went wrong since each source was last recorded."""
        with self._lock:
            return list(self._failed.values())

    def folders(self) -> list[Path]:
        """Those of finished recordings, newest first."""
        found = [path.parent for path in self.root.glob(f"*/*/{_RUN}") if path.parent.parent.name != ".recording"]
        return sorted(found, key=_changed, reverse=True)[:MOST_LISTED]

    def file(self, folder: str, name: str) -> Path | None:
        """A file of a finished recording; None if there is none."""
        files = (file for one in self.folders() if one.name == folder for file in self._files(one))
        return next((file.path for file in files if file.path.name == name), None)

    def finished(self) -> list[dict[str, Any]]:
        """Finished recordings, newest first, as JSON."""
        found = ((folder, _facts(folder, _changed(folder))) for folder in self.folders())
        return [facts | {"files": self._listed(folder)} for folder, facts in found if facts]

    def _listed(self, folder: Path) -> list[dict[str, Any]]:
        return [{"name": file.path.name, "bytes": file.size} for file in self._files(folder)]

    def _files(self, folder: Path) -> list[_File]:
        """Those of a recording that are given out."""
        return [file for file in _files(folder, _changed(folder)) if self._faces_shown or not file.has_faces]


def routes(recordings: Recordings, clock: Callable[[], float]) -> APIRouter:
    """`/api/sources/{source}/recording` and `/api/recordings`."""
    router = APIRouter(prefix="/api", tags=["recordings"])

    @router.post("/sources/{source}/recording", status_code=202)
    def start(source: str) -> dict[str, Any]:
        """Record a source from now on."""
        try:
            recordings.start(source, clock())
        except RefusedError as error:
            raise HTTPException(404 if isinstance(error, UnknownSourceError) else 409, str(error)) from None
        return {"source": source, "folder": str(recordings.root.absolute() / source)}

    @router.delete("/sources/{source}/recording", status_code=202)
    def stop(source: str) -> dict[str, Any]:
        """Stop recording a source, and make the tables."""
        try:
            recordings.stop(source)
        except UnknownSourceError as error:
            raise HTTPException(404, str(error)) from None
        return {"source": source}

    @router.get("/recordings")
    def listed(*, finished: bool = True) -> dict[str, Any]:
        """What is being recorded, and (unless not `finished`) what has been, newest first."""
        facts: dict[str, Any] = {"folder": str(recordings.root.absolute()), "missing": missing_recorder()}
        facts |= {"running": recordings.running(clock()), "failed": recordings.failures()}
        return {**facts, "finished": recordings.finished() if finished else []}

    @router.get("/recordings/{folder}/{file}")
    def download(folder: str, file: str) -> Response:
        """One file of a recording."""
        if (path := recordings.file(folder, file)) is None:
            raise HTTPException(404, "There is no such file.")
        return FileResponse(path, filename=f"{folder}-{file}")

    return router


def _changed(folder: Path) -> float:
    """When a folder was last changed, in seconds since 1970; 0 if it is gone."""
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


@lru_cache(maxsize=2 * MOST_LISTED)
def _facts(folder: Path, changed: float) -> dict[str, Any] | None:  # noqa: ARG001 — a key of the cache
    """A finished recording as JSON; None if its run.json cannot be read."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        run = json.loads((folder / _RUN).read_text())
        kept = ("source", "started", "seconds", "frames", "faces", "tracks", "warnings")
        return {"folder": folder.name, **{key: run.get(key) for key in kept}}
    return None


@lru_cache(maxsize=2 * MOST_LISTED)
def _files(folder: Path, changed: float) -> list[_File]:  # noqa: ARG001 — a key of the cache
    """The files of a recording; none if they cannot be read."""
    with contextlib.suppress(OSError):
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return [_File(path, path.stat().st_size, _has_faces(path)) for path in files]
    return []


def _has_faces(path: Path) -> bool:
    """Whether it is a film, a picture, or a report with portraits."""
    kind = mimetypes.guess_type(path.name)[0] or ""
    return kind.startswith(("image/", "video/")) or (kind == "text/html" and b"data:image/" in path.read_bytes())
