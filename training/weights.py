"""Writes of a checkpoint what a release is made of: its averaged weights as float16, and how they came about.

    python -m training.weights runs/emotion-net/best.pt emotion-net.safetensors

The file has a sixth of the checkpoint's size or less; training.export takes either.
"""

import argparse
import sys
from pathlib import Path

from training import command
from training.checkpoint import Checkpoint


def main() -> int:
    """Entry point."""
    return command.run("training.weights", lambda: _keep(_arguments()))


def _keep(arguments: argparse.Namespace) -> None:
    Checkpoint.read(arguments.checkpoint).write_released(arguments.file)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.weights", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("file", type=Path, help="the safetensors file to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
