"""Recording and reading from Python."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from recorder.manifest import read_run
from shared.errors import AffectError

StrPath = str | PathLike[str]


class Recorded(NamedTuple):
    """A finished recording: its tables (see `recorder.schema`), and the content of its `run.json`.

    `recorded.faces.to_pandas()` is a data frame.
    """

    folder: Path
    faces: pa.Table
    frames: pa.Table
    run: dict[str, Any]


def read(folder: StrPath) -> Recorded:
    """The recording in a folder. Raises AffectError if there is none."""
    path = Path(folder)
    run = read_run(path)
    try:
        return Recorded(path, pq.read_table(path / "faces.parquet"), pq.read_table(path / "frames.parquet"), run)
    except (OSError, pa.ArrowInvalid) as error:
        raise AffectError(f"{path}: {error}") from None


def record(
    *inputs: StrPath,
    out: StrPath,
    csv: bool = False,
    merge_ids: bool = False,
    window: str | None = None,
    baseline: str | None = None,
    annotate: bool = False,
    blur: bool = False,
    subtitles: bool = False,
    elan: bool = False,
    boris: bool = False,
    images: bool = True,
    model: str | None = None,
    every: int | None = None,
    min_face_size: int | None = None,
    start: float | None = None,
    end: float | None = None,
    workers: int | None = None,
    resume: bool = False,
    overwrite: bool = False,
    quiet: bool = False,
) -> list[Recorded]:
    """Record films, pictures or folders of these, as `python -m recorder` does, in processes of its own.

    Args:
        inputs: files, folders or patterns.
        out: where the tables go, a folder for each recording.
        model: a name in `models/`, or a path to a released model.
        every: classify every n-th frame.
        min_face_size: smallest face to look for, in pixels.
        start, end: the part of a film, in seconds from its first frame.
        workers: detectors; None: what the machine bears.
        merge_ids: join the ids of who comes back looking alike; see docs/recordings.md.
        window, baseline: as in "1s" and "0-10s", for `windows.csv`.
        annotate, blur, subtitles, elan, boris: what else is made of the tables; see docs/reports.md.
        images: whether the report has pictures of people.
        csv, resume, overwrite, quiet: as on the command line.

    Returns the recordings in the order of the inputs, those kept by `resume` included. Raises AffectError if nothing
    could be recorded or, once all others are done, some inputs could not.
    """
    values: dict[str, object] = {"model": model, "every": every, "min-face-size": min_face_size, "workers": workers}
    values |= {"start": start, "end": end, "window": window, "baseline": baseline}
    flags = {"csv": csv, "annotate": annotate, "blur": blur, "subtitles": subtitles, "elan": elan, "boris": boris}
    flags |= {"merge-ids": merge_ids, "no-images": not images, "resume": resume, "overwrite": overwrite, "quiet": quiet}
    return _run(inputs, out, values, [name for name, given in flags.items() if given])


def _run(inputs: Sequence[StrPath], out: StrPath, values: Mapping[str, object], flags: Iterable[str]) -> list[Recorded]:
    command = [sys.executable, "-m", "recorder", "--json", "--out", os.fspath(out)]
    command += [part for name, value in values.items() if value is not None for part in (f"--{name}", str(value))]
    command += [*(f"--{name}" for name in flags), "--", *(os.fspath(path) for path in inputs)]
    path = [str(Path(__file__).resolve().parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = subprocess.run(  # noqa: S603 — our own interpreter and module
        command, env=os.environ | {"PYTHONPATH": os.pathsep.join(path)}, stdout=subprocess.PIPE, text=True, check=False
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    if failed := [one for one in said if one.get("state") == "failed"]:
        raise AffectError("; ".join(one["error"] for one in failed))
    if done.returncode:
        raise AffectError(f"python -m recorder ended with exit code {done.returncode}")
    return list(_in_order(said))


def _in_order(said: list[dict[str, Any]]) -> Iterator[Recorded]:
    for one in sorted((one for one in said if "clip" in one), key=lambda one: one["number"]):
        yield read(one["folder"])
