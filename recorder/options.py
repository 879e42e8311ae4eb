"""The command line of `python -m recorder`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from recorder import derived
from recorder.readable import readable
from shared.errors import ConfigurationError

_SETTINGS = {
    "model": "classifier_model",
    "every": "classify_every",
    "min_face_size": "min_face_size",
    "start": "capture_start",
    "end": "capture_end",
}


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options; exits with 2 and a usage line for what is none. Raises ConfigurationError for what does not fit."""
    options = _parser().parse_args(arguments)
    modes = [options.attach, options.repeat is not None, options.publish is not None]
    if sum(modes) > 1 or (any(modes) and options.inputs) or not (any(modes) or options.inputs):
        raise ConfigurationError("give either files or folders, or one of --attach, --repeat and --publish")
    if options.out is None and (options.inputs or options.attach):
        raise ConfigurationError("--out FOLDER is missing: where the tables go")
    if options.out is not None and readable(str(options.out.absolute())) != str(options.out.absolute()):
        raise ConfigurationError(f"--out {readable(str(options.out))}: choose a folder whose path is plain UTF-8")
    if options.resume and options.overwrite:
        raise ConfigurationError("--resume keeps what there is, --overwrite replaces it: give one of them")
    derived.check(options, has_film=not options.attach)
    return options


def settings_of(options: argparse.Namespace) -> dict[str, str]:
    """The settings that options stand for, as their environment variables have them."""
    given = {setting: getattr(options, option) for option, setting in _SETTINGS.items()}
    return {setting: str(value) for setting, value in given.items() if value is not None}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m recorder",
        description="Recordings in, tables out: who was in the picture when, and what each face showed.",
        epilog="A name that begins with a dash goes behind --, as in: python -m recorder --out results -- -clip.mp4",
    )
    parser.add_argument("inputs", nargs="*", metavar="FILE|FOLDER|GLOB", help="films, pictures, or folders of these")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where the tables go, a folder for each recording")
    parser.add_argument("--csv", action="store_true", help="write the tables as CSV, too")
    parser.add_argument("--resume", action="store_true", help="keep what is finished, go on with what is not")
    parser.add_argument("--overwrite", action="store_true", help="replace recordings that are there")
    derived.add_options(parser)
    how = parser.add_argument_group("analysis (other settings: docs/settings.md)")
    how.add_argument("--model", help="a name in models/, or a path to a released model")
    how.add_argument("--every", type=int, metavar="N", help="classify every n-th frame (3; more below 30 frames/s)")
    how.add_argument("--min-face-size", type=int, metavar="PIXELS", help="smallest face to look for (40)")
    how.add_argument("--start", type=float, metavar="SECONDS", help="begin here, counted from a film's first frame")
    how.add_argument("--end", type=float, metavar="SECONDS", help="end before this")
    how.add_argument("--workers", type=_positive, metavar="N", help="detectors; by default what the machine bears")
    said = parser.add_argument_group("what is said")
    said.add_argument("--quiet", action="store_true", help="nothing but failures")
    said.add_argument("--json", action="store_true", help="a line of JSON for each recording, and for the summary")
    other = parser.add_argument_group("instead of files")
    other.add_argument("--attach", action="store_true", help="record a running pipeline until Ctrl-C")
    other.add_argument("--source", action="append", metavar="NAME", help="with --attach: only this one; repeatable")
    other.add_argument("--rotate-mb", type=_positive, default=256, metavar="MB", help="begin a new folder (256)")
    other.add_argument("--rotate-minutes", type=_positive, default=60, metavar="N", help="begin a new folder (60)")
    other.add_argument("--repeat", type=Path, metavar="run.json", help="record again, and say whether it is the same")
    other.add_argument("--publish", type=Path, metavar="FOLDER", help="play a recording's results onto the bus")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 1")
    return number
