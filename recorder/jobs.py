"""A clip on its way to a folder of tables: what is done already, what goes on, what begins, and what failed."""

import contextlib
import json
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import structlog

from recorder.checkpoint import boot_id
from recorder.inputs import Clip
from recorder.manifest import RUN, read_run
from recorder.processes import Process
from recorder.recording import Begun, Recording, check_same, recover, unfinished
from recorder.settings import changed
from shared.errors import AffectError

log = structlog.get_logger()

WORK = ".recording"
"""The folder, in that of the results, in which recordings are made."""

LEAD_S = 3.0
"""A capture takes this long to start while all cores are busy."""
_PACE_S = 1.0  # earlier than this after the first result there is no pace

State = Literal["waiting", "running", "finishing", "done", "kept", "failed"]


@dataclass
class Job:
    """One clip and the settings that its rows depend on; `kept`: it had been recorded before."""

    clip: Clip
    out: Path
    settings: Mapping[str, Any]
    state: State = "waiting"
    error: str = ""
    run: dict[str, Any] = field(default_factory=dict)
    recording: Recording | None = None
    process: Process | None = None
    finishing: "Future[dict[str, Any]] | None" = None
    expected: int = 0
    """About how many frames it has; 0: unknown."""
    heard_at: float | None = None
    """When the first result came."""

    @property
    def target(self) -> Path:
        """Where its tables will be."""
        return self.out / self.clip.folder

    @property
    def work(self) -> Path:
        """Where they are made."""
        return self.out / WORK / self.clip.folder

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in ("done", "kept", "failed")

    def is_ending(self, now: float) -> bool:
        """Whether it ends within LEAD_S at its pace so far, if that is known."""
        took_s = 0.0 if self.heard_at is None else now - self.heard_at
        if self.recording is None or not self.expected or took_s < _PACE_S:
            return False
        return (self.expected - self.recording.journal.frames) * took_s <= LEAD_S * self.recording.written

    def fail(self, why: str, *, for_good: bool = False) -> None:
        """Give it up; what there is of it stays for `--resume`, unless it has failed `for_good`."""
        self.state, self.error = "failed", why
        if self.recording:
            self.recording.journal.close()
        if for_good:
            shutil.rmtree(self.work, ignore_errors=True)

    def prepare(self, *, resume: bool, overwrite: bool) -> None:
        """Look at what is there; ends the job if it has been done, or may not be done."""
        if self.target.exists() and not (self.target / RUN).exists():
            self.fail(f"{self.target}: is in the way, and no recording")
        elif self.target.exists() and resume:
            self._keep()
        elif self.target.exists() and not overwrite:
            self.fail(f"{self.target}: exists; --resume keeps it, --overwrite replaces it")
        elif self.work.exists() and not (resume or overwrite):
            self.fail(f"{self.work}: an unfinished recording; --resume goes on with it, --overwrite begins again")
        elif overwrite:
            shutil.rmtree(self.work, ignore_errors=True)

    def recover(self, restore: Callable[[Mapping[str, bytes]], None]) -> None:
        """After a power cut, put an unfinished recording and the pipeline's states back to the last checkpoint.

        `restore` writes states; the pipeline must not have started.
        """
        begun = None if self.is_over else unfinished(self.work)
        if begun is not None and begun.boot != boot_id() and (saved := recover(self.work)):
            restore(saved)

    def begin(self, model: str, now: float, *, can_go_on: bool) -> Recording:
        """Open the recording, continuing an unfinished one if `can_go_on`: the pipeline's states are there.

        `model` is the SHA-256 of the weights. Raises AffectError if the file cannot be read, or was begun with other
        settings.
        """
        begun = Begun.of(self.clip, self.settings, model)
        before = unfinished(self.work)
        if before is not None and check_same(before, begun):
            recording = Recording(self.work, before, now)
            if can_go_on or recording.is_whole:
                self.recording, self.state = recording, "running"
                return recording
            recording.journal.close()
        shutil.rmtree(self.work, ignore_errors=True)
        self.recording, self.state = Recording(self.work, begun, now), "running"
        return self.recording

    def settle(self) -> None:
        """Take over the result of finishing, once it is there."""
        if self.finishing is None or not self.finishing.done():
            return
        try:
            self.run, self.state = self.finishing.result(), "done"
        except AffectError as error:
            self.fail(str(error), for_good=True)
        except OSError as error:
            self.fail(f"{self.target}: {error.strerror}; --resume makes the tables later")
        except Exception as error:
            log.exception("tables not made", folder=str(self.target))
            self.fail(f"{self.target}: {error!r}; --resume makes the tables later")

    def _keep(self) -> None:
        try:
            run = read_run(self.target)
        except AffectError as error:
            return self.fail(str(error))
        if run["input"]["path"] != str(self.clip.path):
            return self.fail(f"{self.target}: is the recording of {run['input']['path']}; use another --out")
        if others := changed(run["settings"], self.settings):
            return self.fail(f"{self.target}: has other settings ({'; '.join(others)}); --overwrite replaces it")
        self.run, self.state = run, "kept"
        shutil.rmtree(self.work, ignore_errors=True)
        return None


def warnings_in(log: Path) -> list[str]:
    """What a capture has warned of, each once: faults of the film and frames that had to be given up."""
    warnings: dict[str, None] = {}
    with contextlib.suppress(OSError):
        for line in log.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if said.get("event") == "source read with faults":
                    warnings[str(said["fault"])] = None
                elif said.get("event") == "frame given up":
                    warnings[f"frame {said['seq']} could not be analysed ({said['reason']})"] = None
    return list(warnings)
