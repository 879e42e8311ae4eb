"""Fits how far a released model can be read at a picture's quality, stores that with it, and says what it brings.

python -m training.quality emotion-net emotion-lite emotion-cnn --data data/fer2013.npz

The weights stay; the card gets a section, and the version's part behind the dot is raised unless --version says
otherwise.
"""

import argparse
import re
import sys
from pathlib import Path

import msgspec
import numpy as np

from classifier.backends import load_classifier
from classifier.legibility import LEAST_ACCURACY
from classifier.release import Release, load_release, save_release
from training import command, legibility
from training.data import load
from training.degraded import Samples, gather

HEADING = "## Faces that are hard to read"
SECTION = """{heading}

The pictures as they are, and one in {every} of them worse in known ways (`training/conditions.py`; a third, two thirds
and all of each, together), through detector and crop. "Found" counts faces that the detector is sure of; the others
were cut out where a face seemed to be. The temperature grows as quality falls ("ECE before" is without that). Where
less than {least:.0%} is to be expected of a face's quality, it is flagged: it gets a reason instead of a label. Each
half of the pictures was judged by what was fitted on the other half; what is stored was fitted on both.

{table}

"""


def next_version(version: str) -> str:
    """6.2 of 6.1, and 6.1 of 6."""
    weights, _, minor = version.partition(".")
    return f"{weights}.{int(minor or 0) + 1}"


def with_section(card: str, name: str, version: str, section: str) -> str:
    """The card with another version in its heading, and the section before `How it was made`, in place of an older."""
    card = re.sub(r"\A# .*", f"# {name} {version}", card)
    card = re.sub(rf"^{re.escape(HEADING)}\n.*?(?=^## )", "", card, flags=re.MULTILINE | re.DOTALL)
    before, made, after = card.partition("## How it was made")
    return f"{before}{section}{made}{after}"


def refit(folder: Path, samples: Samples, every: int, version: str = "") -> list[legibility.Row]:
    """Fits the release in `folder` on the samples, and writes its config and card anew. Returns what was measured.

    The card names `every`; an empty version stands for the next one.
    """
    release = load_release(str(folder), folder.parent)
    config = release.config
    rows = legibility.judge(samples, folder.name, config.temperature)
    fitted = legibility.fit(samples, folder.name, config.temperature, np.ones(len(samples.label), bool))
    config = msgspec.structs.replace(config, version=version or next_version(config.version), legibility=fitted)
    save_release(Release(config, release.tensors), folder)
    table = "\n".join(legibility.table(rows))
    section = SECTION.format(heading=HEADING, every=every, least=LEAST_ACCURACY, table=table)
    card = folder / "README.md"
    card.write_text(with_section(card.read_text(), config.name, config.version, section))
    return rows


def main() -> int:
    """Entry point."""
    return command.run("training.quality", lambda: _quality(_arguments()))


def _quality(arguments: argparse.Namespace) -> None:
    faces = load(arguments.data)["validation"]
    classifiers = {
        name: load_classifier(name, arguments.models_dir, arguments.device, arguments.threads)
        for name in arguments.models
    }
    samples = gather(faces, classifiers, arguments.threads, arguments.every)
    for name in arguments.models:
        rows = refit(arguments.models_dir / name, samples, arguments.every, arguments.version)
        print("\n".join([name, *legibility.table(rows)]), end="\n\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.quality", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="+", metavar="MODEL", help="a released model's name")
    parser.add_argument("--version", default="", help="of the refitted release (default: 6.2 after 6.1)")
    parser.add_argument("--data", type=Path, default=Path("data/fer2013.npz"))
    parser.add_argument(
        "--every", type=command.number(int, 1), default=4, help="one in so many is made worse (default: 4)"
    )
    command.model_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
