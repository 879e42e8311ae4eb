"""Connects recordings of files to a private bus: starts a capture for each, writes its results, makes its tables."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import structlog
from typing_extensions import override

from recorder.checkpoint import EVERY_S
from recorder.inputs import Clip
from recorder.jobs import Job, warnings_in
from recorder.processes import Process
from recorder.progress import frames_in
from recorder.recording import Derive, Recording, finish
from shared.errors import AffectError, ConfigurationError
from shared.log import Once
from shared.results import Smoothed
from shared.stage import Stage
from shared.status import Status
from shared.topics import Envelope

log = structlog.get_logger()

_LOOK_S = 0.05


class Captures(Protocol):
    """What the stage needs of the private pipeline (`processes.Pipeline`)."""

    def capture(self, clip: Clip) -> Process:
        """Start a clip's capture."""

    def can_go_on(self, source: str) -> bool:
        """Whether the states are there from which a source's capture and the smoother go on."""

    def states_of(self, source: str) -> list[Path]:
        """Their files, the smoother's first."""

    def forget(self, source: str) -> None:
        """Remove what a source would go on from."""

    def log_of(self, source: str) -> Path:
        """The log of a source's capture."""

    def check(self) -> None:
        """Raise AffectError if a stage has ended for good."""


class Recorder(Stage):
    """Records clips, `at_once` at a time and the next ones before these end, so that no worker waits for a capture.

    `watch` is told the time after each look at the jobs; `facts` go to each `run.json`.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        watch: Callable[[float], None],
        captures: Captures,
        facts: Mapping[str, Any],
        *,
        at_once: int,
        csv: bool,
        derive: Derive,
    ):
        super().__init__()
        self.jobs = jobs
        self._watch = watch
        self._captures = captures
        self._facts = facts
        self._at_once = at_once
        self._csv, self._derive = csv, derive
        self._once = Once()
        self._hands = ThreadPoolExecutor(1)
        """Makes the tables, while the next clip is being recorded."""

    @override
    def topics(self) -> Sequence[str]:
        return ("smoothed/", "status/")

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterator[Envelope]:
        """Write results and acknowledge them."""
        results = defaultdict(list)
        for _, source, message in heard:
            if isinstance(message, Smoothed):
                results[source].append(message)
            elif isinstance(message, Status) and message.state == "failed" and self._once(message.process):
                log.error("a stage fails", stage=message.stage, error=message.error)
        for job in self.jobs:
            recording = job.recording
            if job.state == "running" and recording and job.clip.source in results:
                try:
                    ack = recording.hear(results[job.clip.source])
                except OSError as error:
                    raise ConfigurationError(f"{recording.work}: {error.strerror}; --resume goes on later") from None
                if ack:
                    job.heard_at = now if job.heard_at is None else job.heard_at
                    yield ack

    @override
    def tick(self, now: float) -> Iterator[Envelope]:
        """Start, finish and fail clips."""
        self._captures.check()
        for job in self.jobs:
            if job.state == "running":
                self._look_after(job, now)
            elif job.state == "finishing":
                job.settle()
        running = sum(job.state == "running" and not job.is_ending(now) for job in self.jobs)
        for job in self.jobs:
            if job.state == "waiting" and running < self._at_once:
                self._start(job, now)
                running += 1
        self.finished = all(job.is_over for job in self.jobs)
        self._watch(now)
        yield from ()

    @override
    def wake_in(self, now: float) -> float:
        return _LOOK_S

    @override
    def close(self) -> None:
        self._hands.shutdown(cancel_futures=True)
        for job in self.jobs:
            if job.recording:
                job.recording.journal.close()

    def _start(self, job: Job, now: float) -> None:
        try:
            recording = job.begin(
                self._facts["model"]["sha256"], now, can_go_on=self._captures.can_go_on(job.clip.source)
            )
        except (AffectError, OSError) as error:
            job.fail(str(error))
            return
        if not recording.journal.frames:
            self._captures.forget(job.clip.source)
        if not recording.is_whole:
            job.expected = frames_in(job.clip)
            job.process = self._captures.capture(job.clip)

    def _look_after(self, job: Job, now: float) -> None:
        """Finish a clip whose capture has ended well; it has failed if the capture has not."""
        recording, process = job.recording, job.process
        code = process.ended() if process else 0
        if code is None or recording is None:
            if recording and now >= recording.saved_at + EVERY_S:
                self._save(job, recording, now)
            return
        if process and code != 0:
            refused = code == ConfigurationError.exit_code and not recording.journal.frames
            job.fail(process.last_words(), for_good=refused)
        elif not recording.is_whole:
            job.fail(f"{job.clip.path}: its end is missing; --resume goes on")
        else:
            warnings = self._warnings(job)
            job.state = "finishing"
            facts = {**self._facts, "warnings": warnings}
            took_s = now - recording.began_at
            job.finishing = self._hands.submit(
                finish, recording, job.target, facts, seconds=took_s, csv=self._csv, derive=self._derive
            )

    def _save(self, job: Job, recording: Recording, now: float) -> None:
        try:
            recording.save(self._captures.states_of(job.clip.source), now)
        except OSError as error:
            raise ConfigurationError(f"{recording.work}: {error.strerror}; --resume goes on later") from None

    def _warnings(self, job: Job) -> list[str]:
        warnings = warnings_in(self._captures.log_of(job.clip.source))
        return warnings if job.recording and job.recording.journal.faces else [*warnings, "no face was found"]
