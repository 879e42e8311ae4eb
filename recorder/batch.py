"""Records files with a private pipeline, from the options to the exit code."""

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from recorder import derived
from recorder.inputs import find_clips
from recorder.jobs import WORK, Job
from recorder.manifest import model_facts
from recorder.options import settings_of
from recorder.processes import Pipeline, environment_of, wait_for_leftovers
from recorder.progress import Progress, Style
from recorder.settings import kept, private, runtime_dir_of, workers
from recorder.stage import Recorder
from shared import locks
from shared.errors import ConfigurationError
from shared.loop import run
from shared.runtime_dir import prepare_runtime_dir
from shared.settings import load_settings

INTERRUPTED = 128 + signal.SIGINT


def record_files(options: argparse.Namespace) -> int:
    """Record all clips; the exit code is 0 if all are there, 1 if some failed, 130 if interrupted.

    Raises ConfigurationError for what makes all of it impossible.
    """
    out: Path = options.out
    os.environ.update(environment_of(settings_of(options)))
    settings = load_settings()
    jobs = [Job(clip, out, kept(settings, stills=clip.stills)) for clip in find_clips(options.inputs)]
    with open_folder(out):
        for job in jobs:
            job.prepare(resume=options.resume, overwrite=options.overwrite)
        return record(jobs, out, options)


def record(jobs: Sequence[Job], out: Path, options: argparse.Namespace) -> int:
    """Record these jobs, in a folder that is ours."""
    began = time.monotonic()
    style: Style = "json" if options.json else "quiet" if options.quiet else "words"
    progress = Progress(jobs, style, bars=sys.stderr.isatty() and not options.quiet)
    try:
        code = 0 if all(job.is_over for job in jobs) else _run(jobs, out, options, progress.watch)
        progress.watch(float("inf"))
    finally:
        progress.close()
    progress.summary(time.monotonic() - began)
    if code == 0 and not all(job.is_over for job in jobs):
        print("interrupted; the same command with --resume goes on", file=sys.stderr)
        return INTERRUPTED
    return code or int(any(job.state == "failed" for job in jobs))


def _run(jobs: Sequence[Job], out: Path, options: argparse.Namespace, watch: Callable[[float], None]) -> int:
    """Start the pipeline, and run the recorder on it; returns the loop's exit code."""
    settings = load_settings()
    facts = {"model": model_facts(settings.classifier_model)}
    prepare_runtime_dir(settings.runtime_dir)
    runtime_dir = prepare_runtime_dir(runtime_dir_of(settings, out))
    wait_for_leftovers(runtime_dir)
    if not options.resume:
        shutil.rmtree(runtime_dir / "kept", ignore_errors=True)
    ours = private(runtime_dir)
    os.environ.update(environment_of(ours | {"log_level": "error"}))
    detectors, classifiers = workers(options.workers, sum(not job.is_over for job in jobs))
    pipeline = Pipeline(ours, runtime_dir, out / WORK, detectors, classifiers)
    for job in jobs:
        job.recover(pipeline.restore)
    with pipeline:
        stage = Recorder(
            *(jobs, watch, pipeline, facts),
            at_once=max(2, (detectors + 1) // 2),
            csv=options.csv,
            derive=partial(derived.derive, options=options),
        )
        code = exit_code(lambda: run("recorder", lambda _: stage))
    if all(job.is_over and not job.work.exists() for job in jobs):
        shutil.rmtree(runtime_dir, ignore_errors=True)
    return code


def exit_code(program: Callable[[], None]) -> int:
    """The code with which a program exits."""
    try:
        program()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


class open_folder:  # noqa: N801 — reads as a verb in `with`
    """The folder of the results, made if it is missing, for the length of a `with`: one recorder at a time.

    Raises ConfigurationError if it cannot be written, LockedError if another recorder has it.
    """

    def __init__(self, out: Path):
        self._work = out / WORK
        try:
            self._work.mkdir(parents=True, exist_ok=True)
            self._lock = locks.take(self._work, "recorder", f"the folder {out}")
        except OSError as error:
            raise ConfigurationError(f"--out {out}: cannot be written ({error.strerror})") from None

    def __enter__(self) -> None:
        """Nothing more."""

    def __exit__(self, *_: object) -> None:
        self._lock.release()
        if not any(path.is_dir() for path in self._work.iterdir()):  # only logs: nothing to go on with
            shutil.rmtree(self._work, ignore_errors=True)
