"""Records a running pipeline: a folder of tables for each run of a source, and another one every so often."""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from typing_extensions import override

from recorder import derived
from recorder.batch import exit_code, open_folder
from recorder.jobs import WORK
from recorder.manifest import model_facts
from recorder.recording import Begun, Recording, discard, finish, unfinished
from recorder.settings import kept
from shared.epochs import Epochs
from shared.errors import AffectError, ConfigurationError
from shared.loop import run
from shared.members import STATUS_FRESH_S
from shared.results import Smoothed
from shared.stage import Place, Stage
from shared.status import Status
from shared.topics import Envelope

log = structlog.get_logger()


def attach(options: argparse.Namespace) -> int:
    """Record until Ctrl-C, or until all sources named have ended; returns the exit code."""
    with open_folder(options.out):
        return exit_code(lambda: run("recorder", lambda place: Attached(place, options)))


class Attached(Stage):
    """Writes and acknowledges what it hears; results are on disk before they are acknowledged."""

    def __init__(self, place: Place, options: argparse.Namespace):
        super().__init__()
        self._settings = place.settings
        self._out: Path = options.out
        self._wanted = frozenset(options.source or ())
        self._csv: bool = options.csv
        self._derive = partial(derived.derive, options=options)
        self._most_bytes = options.rotate_mb << 20
        self._most_s = options.rotate_minutes * 60.0
        self._epochs = Epochs()
        self._recordings: dict[str, Recording] = {}
        self._heard_at: dict[str, float] = {}
        self._ended: set[str] = set()
        self._specs: dict[str, str] = {}
        self._models: set[str] = set()
        self._hands = ThreadPoolExecutor(1)
        self._finishing: list[Future[None]] = []
        self._take_over()
        self.detail = str(self._out)

    @override
    def topics(self) -> Sequence[str]:
        return (
            ("status/", *(f"smoothed/{source}/" for source in self._wanted))
            if self._wanted
            else ("status/", "smoothed/")
        )

    @override
    def handle(self, heard: Sequence[Envelope], now: float) -> Iterator[Envelope]:
        """Write results and acknowledge them."""
        runs: dict[tuple[str, int], list[Smoothed]] = defaultdict(list)
        for _, _, message in heard:
            if isinstance(message, Status):
                self._note(message, now)
            elif isinstance(message, Smoothed):
                runs[message.source, message.epoch].append(message)
        for (source, epoch), results in runs.items():
            try:
                recording = self._recording_of(source, epoch, results[0], now)
                ack = recording.hear(results) if recording else None
            except OSError as error:
                raise ConfigurationError(f"{self._out}: {error.strerror}") from None
            if ack:
                yield ack
            if recording:
                self.meter.count("in", len(results))
                self._turn_over(source, recording, now)

    @override
    def tick(self, now: float) -> Iterator[Envelope]:
        """Look whether what was to be finished is. Raises AffectError if it could not be."""
        self._settle([one for one in self._finishing if one.done()])
        self.finished = bool(self._wanted) and self._ended >= self._wanted and not self._finishing
        yield from ()

    @override
    def stop(self, now: float) -> Iterable[Envelope]:
        """Finish all recordings."""
        for source in list(self._recordings):
            self._finish(source, now)
        self._settle(list(self._finishing))
        return ()

    @override
    def close(self) -> None:
        self._hands.shutdown()
        for recording in self._recordings.values():
            recording.journal.close()

    def _recording_of(self, source: str, epoch: int, first: Smoothed, now: float) -> Recording | None:
        """The recording of this run of a source; None if the run is an older one."""
        current = self._recordings.get(source)
        if current is not None and current.epoch is not None and current.epoch != epoch:
            quiet = now - self._heard_at[source] > STATUS_FRESH_S
            if not self._epochs.follows(source, epoch, current.epoch, now, quiet=quiet):
                self.meter.count("stale")
                return None
            self._finish(source, now)
        self._heard_at[source] = now
        if source not in self._recordings:
            self._begin(source, first, now)
        return self._recordings[source]

    def _begin(self, source: str, first: Smoothed, now: float, after: Smoothed | None = None) -> None:
        at = datetime.fromtimestamp(first.captured_ns / 1e9, UTC)
        name, number = f"{source}-{at:%Y%m%dT%H%M%SZ}", 1
        while (self._out / name).exists() or (self._out / WORK / name).exists():
            number += 1
            name = f"{source}-{at:%Y%m%dT%H%M%SZ}-{number}"
        begun = Begun(self._specs.get(source, ""), source, None, kept(self._settings))
        self._recordings[source] = Recording(self._out / WORK / name, begun, now, durable=True, after=after)

    def _turn_over(self, source: str, recording: Recording, now: float) -> None:
        """Finish a recording that is whole, too large or too long."""
        last = recording.journal.last
        if last is None:
            return
        if recording.is_whole:
            self._finish(source, now)
            if not last.live:
                self._ended.add(source)
        elif recording.journal.size() > self._most_bytes or now - recording.began_at > self._most_s:
            self._finish(source, now)
            self._begin(source, last, now, after=last)

    def _finish(self, source: str, now: float) -> None:
        recording = self._recordings.pop(source)
        if recording.journal.frames:
            self._finishing.append(self._hands.submit(self._make_tables, recording, now))
        else:
            discard(recording)

    def _settle(self, finishing: Iterable[Future[None]]) -> None:
        for one in finishing:
            self._finishing.remove(one)
            try:
                one.result()
            except OSError as error:
                raise ConfigurationError(f"{self._out}: {error.strerror}; the same command makes the tables") from None

    def _make_tables(self, recording: Recording, now: float) -> None:
        """Make the tables of one recording; runs in a thread of its own."""
        target = self._out / recording.work.name
        warnings = [f"{recording.lost} times results were missing"] if recording.lost else []
        facts = {"model": self._model(), "warnings": warnings}
        took_s = now - recording.began_at
        content = finish(recording, target, facts, seconds=took_s, csv=self._csv, derive=self._derive)
        log.info("recorded", folder=str(target), frames=content["frames"], faces=content["faces"])

    def _model(self) -> dict[str, Any]:
        """The model that the pipeline's classifiers name; its SHA-256 if it is the one of our settings."""
        try:
            ours = model_facts(self._settings.classifier_model)
        except ConfigurationError:
            ours = {}
        if not self._models or f"{ours.get('name')}-{ours.get('version')}" in self._models:
            return ours
        return {"name": ", ".join(sorted(self._models)), "version": None, "sha256": None}

    def _note(self, status: Status, now: float) -> None:
        self._epochs.hear(status, now)
        self._specs |= {source.source: source.spec for source in status.sources}
        if status.stage == "classifier" and status.state == "ready":
            self._models.add(status.detail.partition(" ")[0])

    def _take_over(self) -> None:
        """Make the tables of what a killed recorder has left."""
        for work in sorted(path for path in (self._out / WORK).iterdir() if path.is_dir()):
            begun = unfinished(work)
            if begun is None or begun.stamp is not None:
                raise AffectError(f"{work}: an unfinished recording of a file; use another --out")
            self._finishing.append(self._hands.submit(self._make_tables, Recording(work, begun, 0.0), 0.0))
