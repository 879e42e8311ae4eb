"""What the room's commands share: how they end, and options that several take."""

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path

from classifier.backends import Classifier, load_classifier
from shared.compute import DEVICES
from shared.errors import AffectError


def run(name: str, work: Callable[[], int | None]) -> int:
    """Does a command's work and gives its exit code; an expected failure becomes one line on stderr."""
    try:
        return work() or 0
    except AffectError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:  # a full disk, a folder that is a file
        print(f"{name}: {error}", file=sys.stderr)
        return AffectError.exit_code


def model_options(parser: argparse.ArgumentParser) -> None:
    """Where and how a released model is run."""
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--threads", type=whole(1), default=2)


def exact_classifier(arguments: argparse.Namespace) -> Classifier:
    """The model of `model_options` and `--model`, in float32: a measurement does not depend on the processor."""
    return load_classifier(arguments.model, arguments.models_dir, arguments.device, arguments.threads, "f32")


def whole(least: int) -> Callable[[str], int]:
    """An option's type: whole numbers from `least`."""

    def parse(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"{text}: expected a whole number from {least}")
        return number

    parse.__name__ = "whole number"  # argparse shows it for what int refuses
    return parse


def share(least: float, most: float = math.inf) -> Callable[[str], float]:
    """An option's type: numbers from `least` to `most`."""

    def parse(text: str) -> float:
        number = float(text)
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"{text}: expected a number from {least:g} to {most:g}")
        return number

    parse.__name__ = "number"
    return parse
