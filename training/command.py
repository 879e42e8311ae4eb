"""What the commands share: exit codes and common options."""

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from classifier.backends import Classifier, load_classifier
from classifier.release import MODELS
from shared.compute import DEVICES
from shared.errors import AffectError
from training import interrupts


def run(name: str, work: Callable[[], int | None]) -> int:
    """Runs a command and returns its exit code; prints one line on stderr for an expected failure or Ctrl-C."""
    try:
        with interrupts.raised():
            return work() or 0
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        return interrupts.EXIT_CODE
    except (AffectError, OSError) as error:  # the latter: a full disk, a folder that is a file
        print(f"{name}: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_code if isinstance(error, AffectError) else AffectError.exit_code


def model_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options for running a released model."""
    parser.add_argument("--models-dir", type=Path, default=MODELS)
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument("--threads", type=number(int, 1), default=2)


def exact_classifier(arguments: argparse.Namespace) -> Classifier:
    """The model of `model_options` and `--model`, in float32: a measurement does not depend on the processor."""
    return load_classifier(arguments.model, arguments.models_dir, arguments.device, arguments.threads, "f32")


def number(kind: type[int] | type[float], least: float, most: float = math.inf) -> Callable[[str], Any]:
    """An option's type: numbers of a kind from `least` to `most`."""
    word = "whole number" if kind is int else "number"
    limits = f"from {least:g}" + (f" to {most:g}" if math.isfinite(most) else "")

    def parse(text: str) -> int | float:
        value = kind(text)
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text}: expected a {word} {limits}")
        return value

    parse.__name__ = word  # argparse shows it for what `kind` refuses
    return parse
