"""Records again what a `run.json` describes, and compares the tables."""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recorder.batch import open_folder, record
from recorder.inputs import Clip, is_picture, source_name
from recorder.jobs import Job
from recorder.manifest import model_facts, own_version, read_run, sha256_of
from recorder.processes import environment_of
from recorder.readable import readable
from recorder.settings import as_text
from shared.errors import ConfigurationError


def repeat(options: argparse.Namespace) -> int:
    """Record again, into `--out` or for the comparison alone; the exit code is 0 if all tables are the same, else 1.

    Raises ConfigurationError if the film or the model is missing or another one.
    """
    before = read_run(options.repeat)
    _check(before)
    os.environ.update(environment_of({name: as_text(value) for name, value in before["settings"].items()}))
    with tempfile.TemporaryDirectory(prefix="recorder-") as folder:
        out: Path = options.out or Path(folder)
        job = Job(_clip(before), out, before["settings"])
        with open_folder(out):
            job.prepare(resume=options.resume, overwrite=options.overwrite)
            code = record([job], out, options)
    if code:
        return code
    same = same_tables(before, job.run)
    if before["version"] != own_version():
        print(f"recorded with version {before['version']}, repeated with {own_version()}", file=sys.stderr)
    for table, is_same in same.items():
        print(f"{table}: {'the same rows' if is_same else 'other rows'}")
    return 0 if all(same.values()) else 1


def same_tables(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, bool]:
    """For each table that both recordings have, whether its rows are the same."""
    return {name: now["tables"][name] == rows for name, rows in before["tables"].items() if name in now["tables"]}


def _check(before: Mapping[str, Any]) -> None:
    path = Path(before["input"]["path"])
    if before["input"]["sha256"] is None:
        raise ConfigurationError("a recording of a running pipeline cannot be repeated")
    if not path.exists():
        raise ConfigurationError(f"{path}: is not there any more")
    if sha256_of(path) != before["input"]["sha256"]:
        raise ConfigurationError(f"{path}: is not the file that was recorded (its SHA-256 is another)")
    model = model_facts(str(before["settings"]["classifier_model"]))
    if model["sha256"] != before["model"]["sha256"]:
        raise ConfigurationError(f"model {model['name']!r}: is not the one that was used (its SHA-256 is another)")


def _clip(before: Mapping[str, Any]) -> Clip:
    path = Path(before["input"]["path"])
    return Clip(
        before.get("source") or source_name(path), readable(path.stem), path, stills=path.is_dir() or is_picture(path)
    )
