"""What is made of a recording once its tables are complete, and the options that ask for it."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

from recorder.annotate import annotate
from recorder.boris import write_boris
from recorder.elan import write_elan
from recorder.persons import write_people
from recorder.report import write_report
from recorder.subtitles import write_subtitles
from recorder.tracks import write_tracks
from recorder.windows import duration, interval, write_windows
from shared.errors import ConfigurationError


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that `check` and `derive` look at."""
    made = parser.add_argument_group("what is made of the tables, besides tracks.csv and report.html")
    made.add_argument("--merge-ids", action="store_true", help="people.csv: who comes back alike; the rest by person")
    made.add_argument("--window", type=duration, metavar="TIME", help="windows.csv: means by window, as in 1s or 500ms")
    made.add_argument(
        "--baseline", type=interval, metavar="FROM-TO", help="and their change from this time, as in 0-10s"
    )
    made.add_argument("--annotate", action="store_true", help="annotated.mp4: the film with boxes and labels")
    made.add_argument("--blur", action="store_true", help="that with faces blurred, and no pictures in the report")
    made.add_argument("--subtitles", action="store_true", help="subtitles.srt: labels as subtitles")
    made.add_argument("--elan", action="store_true", help="elan.eaf: labels as tiers for ELAN")
    made.add_argument("--boris", action="store_true", help="observation.boris: labels as events for BORIS")
    made.add_argument("--no-images", action="store_true", help="no pictures of people in the report")


def check(options: argparse.Namespace, *, has_film: bool) -> None:
    """Raises ConfigurationError for options that do not go together, or need a film where there is none."""
    if options.baseline and not options.window:
        raise ConfigurationError("--baseline needs --window: the change is told by window")
    for name in ("merge_ids", "annotate", "blur", "elan", "boris"):
        if getattr(options, name) and not has_film:
            raise ConfigurationError(f"--{name.replace('_', '-')} needs a film; there is none of a running pipeline")


def derive(folder: Path, film: Path | None, options: argparse.Namespace) -> Iterator[Path]:
    """Write what was asked for into the folder of a finished recording; yields each path once it is written.

    Raises:
        UnfinishedError: there is no finished recording.
        SourceError: the film cannot be read.
    """
    if options.merge_ids and film is not None:
        yield write_people(folder, film)
    yield write_tracks(folder)
    if options.window:
        yield write_windows(folder, options.window, options.baseline)
    if options.subtitles:
        yield write_subtitles(folder)
    if film is not None:
        codings: list[tuple[bool, Callable[[Path, Path], Path]]] = [
            (options.elan, write_elan),
            (options.boris, write_boris),
        ]
        yield from (write(folder, film) for is_wanted, write in codings if is_wanted)
        if options.annotate or options.blur:
            yield annotate(folder, film, blur=options.blur)
    yield write_report(folder, film, images=not (options.no_images or options.blur))
