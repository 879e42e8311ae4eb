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

from dashboard.opened import Opened, RefusedError
from dashboard.upload import ENDED, HIDDEN, Upload
from shared import locks
from shared.errors import ConfigurationError
from shared.results import Smoothed

log = structlog.get_logger()

MOST_KEPT = 8


class Uploads:
    """All uploads; viewers' requests come from the web server's threads, messages and time from the stage's.

    Recorders are started and waited for, and films deleted, by none that holds the lock, as the stage takes it, too.
    """

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
            return [one.facts() for one in self._uploads.values() if one.state not in HIDDEN]

    def names(self) -> dict[str, str]:
        """What viewers call their files, by source."""
        with self._lock:
            return {number: one.name for number, one in self._uploads.items()}

    def find(self, number: str) -> Upload | None:
        """The upload of this id."""
        with self._lock:
            upload = self._uploads.get(number)
            return None if upload is None or upload.state in HIDDEN else upload

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
            upload = self._uploads[number] = Upload(number, self._folder / number, name, size, now)
        try:
            yield upload
            upload.begin(self._opened, now)
        except BaseException:
            self._remove(upload)
            raise

    def delete(self, number: str, now: float) -> bool:
        """Delete one; False if there is none of this id."""
        with self._lock:
            if (upload := self.find(number)) is None:
                return False
            self._close(upload, now)
            upload.state = "deleting"
        self._remove(upload)
        return True

    def hear(self, result: Smoothed) -> None:
        """Keep the result if it is of an upload."""
        with self._lock:
            upload = self._uploads.get(result.source)
            if upload is None or upload.state in (*HIDDEN, *ENDED):
                return
            try:
                upload.journal.add(result)
            except OSError as error:
                upload.fail(f"Its results could not be kept: {error.strerror}.")

    def tick(self, now: float) -> None:
        """Follow each; close the sources of those that are over, and delete those that have been kept long enough."""
        with self._lock:
            for number, upload in self._uploads.items():
                if upload.state in HIDDEN:
                    continue
                if now - upload.began_at > self._keep_s:
                    self._close(upload, now)
                    upload.state = "deleting"
                    threading.Thread(target=self._remove, args=(upload,), daemon=True).start()
                    continue
                if upload.state not in ENDED:
                    wanted = number in self._opened.wanted()
                    upload.follow(self._opened.status(number, now), now, wanted=wanted)
                if upload.state in ENDED and not upload.source_closed:
                    self._close(upload, now)
                    log.info("upload", id=number, state=upload.state, error=upload.error)

    def close(self) -> None:
        """Delete all."""
        with self._lock:
            for upload in self._uploads.values():
                upload.remove()
            self._uploads.clear()
            shutil.rmtree(self._folder, ignore_errors=True)
            if self._held:
                self._held.release()

    def _close(self, upload: Upload, now: float) -> None:
        """Have its source closed, once: another of its name may be opened then."""
        if not upload.source_closed:
            upload.source_closed = True
            with contextlib.suppress(RefusedError):
                self._opened.close(upload.id, now)

    def _remove(self, upload: Upload) -> None:
        """Delete what is hidden already; its id is free once nothing is left of it."""
        upload.remove()
        with self._lock:
            self._uploads.pop(upload.id, None)


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
