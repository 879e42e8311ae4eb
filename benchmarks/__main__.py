"""Runs the benchmarks: python -m benchmarks [--only PREFIX] [--quick] [--json] [--clips FOLDER] [--images FOLDER]
[--faces DATA] [--fer PYTHON] [--vectors avx2].

Every row compares two sides measured in this run; a ratio above 1 means ours is better. docs/performance.md says what
each row means.
"""

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks import (
    classification,
    detection,
    footprint,
    growth,
    limits,
    live,
    machine,
    overload,
    parts,
    plots,
    processor,
    recording,
    replay,
    transport,
    viewers,
    workers,
)
from benchmarks.measure import Row
from benchmarks.plan import Plan
from benchmarks.promises import summary
from shared.errors import AffectError

RESULTS = Path("runs/benchmarks")

BENCHES: dict[str, Callable[[Plan], Iterator[Row]]] = {
    "detector": detection.rows,
    "parts": parts.rows,
    "classifier": classification.rows,
    "faces": growth.faces,
    "size": growth.sizes,
    "transport": transport.rows,
    "pipeline": replay.clips,
    "sources": replay.sources,
    "recorder": recording.rows,
    "live": live.rows,
    "workers": workers.rows,
    "overload": overload.rows,
    "viewers": viewers.rows,
    "cpu": processor.rows,
    "startup": footprint.startup,
    "memory": footprint.memory,
    "install": footprint.install,
}
"""Benchmarks by the first part of their rows' names."""


def main(arguments: Sequence[str]) -> int:
    """Measure, print, save; returns the exit code: 1 if a benchmark failed, the others still count."""
    options = _parse(arguments)
    if options.vectors:
        limits.rerun(options.vectors, [sys.executable, "-m", "benchmarks", *arguments])
    about = machine.describe()
    progress = sys.stderr if options.json else sys.stdout
    rows: list[Row] = []
    failures = 0
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        plan = Plan(
            Path(scratch), options.only, options.quick, options.clips, options.images, options.faces, options.fer
        )
        for subject, bench in BENCHES.items():
            if not plan.wants(subject) and not options.only.startswith(subject):
                continue
            measured: list[Row] = []
            try:
                for row in bench(plan):
                    if plan.wants(row.name):
                        measured.append(row)
                        print(row, file=progress, flush=True)
            except AffectError as error:
                failures += 1
                print(f"{subject}: {error}", file=sys.stderr)
            rows += measured
            if measured and not options.quick and "/" not in options.only:  # a part would replace the whole
                save(report(about, measured), measured, options.save, subject)
    if not rows and not failures:
        failures += 1
        print(f"--only {options.only}: no such row", file=sys.stderr)
    print(summary(rows), file=progress)
    if options.json:
        print(json.dumps(report(about, rows)))
    return 1 if failures else 0


def report(about: dict[str, object], rows: Sequence[Row]) -> dict[str, object]:
    """What `--json` prints and what is saved."""
    return {"machine": about, "rows": [row.as_json() for row in rows]}


def save(figures: dict[str, object], rows: Sequence[Row], folder: Path, name: str) -> None:
    """Write `<name>.json`, and the plots of what grows."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n")
    plots.draw(rows, folder)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.partition("\n\n")[2])
    parser.add_argument("--only", default="", metavar="PREFIX", help="measure rows whose name begins with this")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few rounds, as a smoke test; not saved (nor is a part of a subject)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object; progress goes to stderr")
    parser.add_argument("--clips", type=Path, metavar="FOLDER", help="videos to measure instead of the demo")
    parser.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="photos to measure as well; with VOC files, against the marked faces",
    )
    parser.add_argument(
        "--faces", type=Path, metavar="DATA", help="labelled face pictures (as training.evaluate takes)"
    )
    parser.add_argument(
        "--fer", type=Path, metavar="PYTHON", help="an interpreter that has the package fer, to compare"
    )
    parser.add_argument(
        "--vectors", choices=limits.VECTORS, help="use no larger vector units than these, if the processor has some"
    )
    parser.add_argument(
        "--save", type=Path, metavar="FOLDER", default=RESULTS, help=f"where results are saved (default: {RESULTS})"
    )
    options = parser.parse_args(arguments)
    for folder in (options.clips, options.images):
        if folder is not None and not folder.is_dir():
            parser.error(f"{folder} is not a folder")
    if options.faces is not None and not options.faces.exists():
        parser.error(f"{options.faces} is not there")
    subject = options.only.partition("/")[0]
    if not any(name.startswith(subject) for name in BENCHES):
        parser.error(f"--only {options.only}: no row begins so; subjects: {', '.join(BENCHES)}")
    return options


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):  # leave in order, so that the pipelines started here end as well
        signal.signal(number, lambda *_: sys.exit("stopped"))
    sys.exit(main(sys.argv[1:]))
