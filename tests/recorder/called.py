"""One call of the recorder, with captures that are not there."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from recorder.inputs import Clip
from recorder.jobs import WORK, Job
from recorder.stage import Recorder
from shared.errors import SourceError
from shared.results import Ack
from shared.topics import Envelope

SETTINGS = {"min_face_size": 40, "classifier_model": "emotion-net"}


class Capture:
    """A capture's process, as far as the stage sees it."""

    def __init__(self) -> None:
        self.code: int | None = None
        self.words = "it crashed"

    def ended(self) -> int | None:
        return self.code

    def last_words(self) -> str:
        return self.words


class Captures:
    """A pipeline without processes; its states are there if `goes_on`."""

    def __init__(self, folder: Path, *, goes_on: bool = False):
        self.started: dict[str, Any] = {}
        self.forgotten: list[str] = []
        self.restored: dict[str, bytes] = {}
        self.goes_on = goes_on
        self._folder = folder

    def capture(self, clip: Clip) -> Any:
        return self.started.setdefault(clip.source, Capture())

    def can_go_on(self, source: str) -> bool:
        return self.goes_on

    def files(self, source: str) -> list[Path]:
        kept = self._folder.parent.parent / "kept"
        return [kept / "smoother" / f"{source}.msgpack", kept / f"capture-{source}" / f"{source}.json"]

    def states_of(self, source: str) -> list[Path]:
        return [path for path in self.files(source) if path.exists()]

    def restore(self, saved: Mapping[str, bytes]) -> None:
        self.restored |= saved

    def forget(self, source: str) -> None:
        self.forgotten.append(source)

    def log_of(self, source: str) -> Path:
        return self._folder / f"{source}.log"

    def check(self) -> None:
        """All is well."""


class Run:
    """One call of the recorder for the clips of a folder."""

    made: ClassVar[list["Run"]] = []

    def __init__(
        self,
        folder: Path,
        *,
        goes_on: bool = False,
        at_once: int = 2,
        settings: Any = None,
        model: str = "0",
        **how: bool,
    ):
        paths = sorted(path for path in folder.iterdir() if path.is_file())
        self.jobs = [Job(Clip(path.stem, path.stem, path), folder / "out", settings or SETTINGS) for path in paths]
        (folder / "out" / WORK).mkdir(parents=True, exist_ok=True)
        for job in self.jobs:
            job.prepare(**{"resume": False, "overwrite": False} | how)
        self.captures = Captures(folder / "out" / WORK, goes_on=goes_on)
        for job in self.jobs:
            job.recover(self.captures.restore)
        self.derived: list[Path | None] = []
        self.refuses = False
        facts = {"model": {"name": "emotion-net", "sha256": "0"}}
        self.stage = Recorder(
            *(self.jobs, lambda _: None, self.captures, facts),
            at_once=at_once,
            csv=False,
            derive=self.derive,
        )
        self.made.append(self)
        self.turn()

    def derive(self, folder: Path, film: Path | None) -> Iterator[Path]:
        """What is made of the tables: nothing, or it cannot be made."""
        self.derived.append(film)
        if self.refuses:
            raise SourceError("the film cannot be read")
        yield from ()

    def turn(self, now: float = 0.0) -> None:
        list(self.stage.tick(now))

    def hears(self, results, now: float = 0.0):
        heard = [Envelope("smoothed", one.source, one) for one in results]
        said = self.stage.handle(heard, now)
        return [(one.key, one.message.seq) for one in said if isinstance(one.message, Ack)]

    def ends(self, source: str = "clip", code: int = 0, words: str = "") -> None:
        """A capture exits; then all that follows from it."""
        self.captures.started[source].code, self.captures.started[source].words = code, words
        until = time.monotonic() + 20
        self.turn()
        while any(job.state == "finishing" for job in self.jobs) and time.monotonic() < until:
            self.turn()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"a film")
    yield tmp_path
    while Run.made:
        Run.made.pop().stage.close()
