"""The command `affectstream`: starts the pipeline of the Procfile through honcho, or another room's program.

affectstream                                  a camera, or the demo where there is none
affectstream run film.mp4                     a recording at its own pace, looped
affectstream run film.mp4 --replay            every frame of it, then the end
affectstream run --classifiers 4 door=rtsp://host/stream 0
affectstream record film.mp4 --out results    tables of a recording, figures per person, a report
affectstream predict photo.jpg --detect       what a model reads in single pictures
affectstream devices                          cameras found, and where networks can run
affectstream stage classifier                 one stage alone, as a service, in a container or on another host
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from affectstream import ROOMS, __version__

PROGRAMS = {"predict": "training.predict", "record": "recorder"}
"""Subcommands that are another room's program, with its own options."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in PROGRAMS:
        return _ended(_start(["-m", PROGRAMS[given[0]], *given[1:]], {}))
    options = _parser().parse_args(given or ["run"])
    if options.command == "devices":
        return _ended(_start(["-m", "affectstream.devices"], {}))
    if options.command == "stage":
        supervisor = [sys.executable, "-u", "-m", "shared.supervisor", options.stage]
        os.execve(sys.executable, supervisor, _environment({}))  # noqa: S606 — it takes the signals itself
    settings = _settings(options)
    try:
        if code := _start(["-m", "affectstream.preflight"], settings).wait():
            return code
    except KeyboardInterrupt:
        return 0
    counts = f"detector={options.detectors},classifier={options.classifiers}"
    procfile = ["-f", str(ROOMS / "Procfile"), "-d", str(Path.cwd()), "-e", os.devnull]
    return _ended(_start(["-m", "honcho", *procfile, "start", "-c", counts], settings))


def _settings(options: argparse.Namespace) -> dict[str, str]:
    settings = {"AFFECT_DASHBOARD_HTTPS": "1" if options.https else ""}
    settings |= {"AFFECT_CAPTURE_SOURCE": ",".join(_listed(source) for source in options.sources)}
    if options.replay:
        settings |= {"AFFECT_CAPTURE_MODE": "replay", "AFFECT_CAPTURE_AT_END": "exit"}
    if sys.stdout.isatty():
        settings["AFFECT_LOG_FORMAT"] = "console"  # honcho stands between the stages and the terminal
    return {name: value for name, value in settings.items() if value and name not in os.environ}


def _listed(source: str) -> str:
    """A source as an item of the list; see `capture.names`."""
    separator = "%2C" if "://" in source else "\\,"
    return source.replace(",", separator)


def _start(arguments: Sequence[str], settings: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Python with these arguments."""
    return subprocess.Popen([sys.executable, *arguments], env=_environment(settings))  # noqa: S603


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This environment and `settings`, with the rooms and the programs beside Python on its paths."""
    path = os.pathsep.join(filter(None, [str(ROOMS), os.environ.get("PYTHONPATH", "")]))
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    ours = {"PYTHONPATH": path, "PATH": programs, "VIRTUAL_ENV": sys.prefix}  # the Procfile's Python is this one
    return {**os.environ, **settings, **ours}


def _ended(process: "subprocess.Popen[bytes]") -> int:
    """The exit code of a process to which signals are passed on; an interruption is no error."""
    stopped = []

    def stop(number: int, _: object) -> None:
        stopped.append(number)
        if number != signal.SIGINT or not sys.stdin.isatty():  # a terminal has told the process, too
            process.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    code = process.wait()
    return 0 if stopped and code in (130, 143, -signal.SIGINT, -signal.SIGTERM) else code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="affectstream", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"affectstream {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="start the pipeline and its dashboard")
    run.add_argument("sources", nargs="*", metavar="SOURCE", help="[name=]file, folder, URL, camera number, auto, demo")
    run.add_argument("--replay", action="store_true", help="process every frame, as fast as it goes, then end")
    run.add_argument("--https", action="store_true", help="serve the dashboard over HTTPS, for phones")
    run.add_argument("--detectors", type=_count, default=1, metavar="N", help="processes that find faces")
    run.add_argument("--classifiers", type=_count, default=1, metavar="N", help="processes that classify them")
    commands.add_parser("record", help="make tables of recordings; record --help has its options", add_help=False)
    commands.add_parser("predict", help="read single pictures; predict --help has its options", add_help=False)
    commands.add_parser("devices", help="list cameras and where networks can run")
    stage = commands.add_parser("stage", help="run one stage and keep it running")
    stage.add_argument("stage", metavar="STAGE", help="bus, capture, detector, classifier, smoother or dashboard")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text}: expected a number from 1 to 64")
    return int(text)
