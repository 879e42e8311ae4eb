"""The command line of `training.train`."""

import argparse
from pathlib import Path
from typing import Any

import torch

from shared.compute import DEVICES
from training.command import number
from training.recipes import OPTIONS, PRESETS, SCHEDULES

PRESET = "emotion-cnn"
CHECKPOINT_SECONDS = 60.0
"""Between two checkpoints, besides those after a validation."""


def parse(description: str | None) -> argparse.Namespace:
    """The options, validated singly and together; `out` is always set."""
    parser = argparse.ArgumentParser(
        prog="python -m training.train", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", choices=sorted(PRESETS), help=f"the recipe (default: {PRESET})")
    parser.add_argument("--out", type=Path, help="folder for checkpoints and metrics.jsonl (default: runs/PRESET)")
    parser.add_argument("--resume", type=Path, help="continue from this checkpoint, with its recipe and seed")
    parser.add_argument("--tensorboard", type=Path, metavar="DIR", help="also write metrics for TensorBoard")
    parser.add_argument("--seed", type=int, help="seed of a new run (default: 0)")
    add_run_options(parser)
    add_recipe_options(parser)
    arguments = parser.parse_args()
    if arguments.resume and arguments.start:
        parser.error("--start cannot be combined with --resume: the run has already begun")
    if arguments.resume and arguments.seed is not None:
        parser.error("--seed cannot be combined with --resume: the run keeps its seed")
    arguments.out = arguments.out or (
        arguments.resume.parent if arguments.resume else Path("runs", arguments.preset or PRESET)
    )
    return arguments


def changes(arguments: argparse.Namespace) -> dict[str, Any]:
    """What the arguments change of a recipe."""
    return {name: value for name in OPTIONS if (value := getattr(arguments, name, None)) is not None}


def compiles(arguments: argparse.Namespace, device: torch.device) -> bool:
    """Whether to compile the network: as `--compile` says, otherwise on CUDA alone."""
    return bool(device.type == "cuda" if arguments.compile is None else arguments.compile)


def add_run_options(parser: argparse.ArgumentParser, minutes: float = 0.0) -> None:
    """Adds what changes a run's speed and its end, but not its result; `minutes` is the default of that option."""
    parser.add_argument("--data", type=Path, default=Path("data/fer2013.npz"), help="training.data's input or output")
    parser.add_argument(
        *("--threads", "--workers"),
        type=number(int, 1),
        default=torch.get_num_threads(),
        help="CPU threads for augmentation and computation; images are decoded once, without loader processes",
    )
    parser.add_argument("--device", choices=DEVICES, default="auto")
    parser.add_argument(
        "--compile", action=argparse.BooleanOptionalAction, help="torch.compile the network (default: on CUDA)"
    )
    parser.add_argument(
        "--minutes",
        type=number(float, 0),
        default=minutes,
        help=f"stop then, as Ctrl-C does (0: never; default: {minutes:g})",
    )
    parser.add_argument(
        "--checkpoint-seconds",
        type=number(float, 0),
        default=CHECKPOINT_SECONDS,
        help=f"write last.pt this often, besides after each validation (default: {CHECKPOINT_SECONDS:g})",
    )


def add_recipe_options(parser: argparse.ArgumentParser) -> None:
    """Adds the OPTIONS of a recipe."""
    recipe = parser.add_argument_group("overrides of the preset's or the resumed recipe")
    recipe.add_argument("--start", metavar="MODEL", help="start from a released model's weights ('': random)")
    recipe.add_argument("--epochs", type=number(int, 1))
    recipe.add_argument("--batch", type=number(int, 2), help="batch size; fixed in a resumed run")
    recipe.add_argument("--rate", type=number(float, 0), help="peak learning rate")
    recipe.add_argument("--schedule", choices=SCHEDULES, help="learning rate schedule")
    recipe.add_argument("--validate-every", type=number(int, 1), metavar="EPOCHS", help="validate and save this often")
    recipe.add_argument(
        "--patience", type=number(int, 0), help="stop after N validations without improvement (0: never)"
    )
    recipe.add_argument("--class-weights", action=argparse.BooleanOptionalAction, help="give rare classes more weight")
    recipe.add_argument("--amp", dest="mixed_precision", action=argparse.BooleanOptionalAction, help="bfloat16")
    recipe.add_argument("--mixup", type=number(float, 0), help="Beta distribution parameter, e.g. 0.2 (0: no mixup)")
    recipe.add_argument("--unmixed", type=number(int, 0), help="final epochs without mixup")
    recipe.add_argument("--blocks", type=_blocks, help="channels of emotion-net's residual blocks, e.g. 96,192,384")
    recipe.add_argument("--teacher", help="distil from this release, or file of training.ensemble ('': none)")
    recipe.add_argument("--teacher-share", type=number(float, 0, 1), help="the teacher's share of the targets")
    recipe.add_argument("--tied", action=argparse.BooleanOptionalAction, help="emotion-cnn: tie weights in 2x2 squares")
    recipe.add_argument("--dropout", type=number(float, 0, 0.9), help="emotion-cnn: dropout probability")
    recipe.add_argument("--degrees", type=number(float, 0, 180), help="largest rotation")
    recipe.add_argument("--scale", type=number(float, 0, 0.9), help="largest change of scale, e.g. 0.1")
    recipe.add_argument("--shift", type=number(float, 0, 1), help="largest shift, as a share of the side")
    recipe.add_argument("--erase", type=number(float, 0, 1), help="probability of hiding a rectangle")
    recipe.add_argument("--degrade", type=number(float, 0, 1), help="probability of blur, darkness, noise and the like")


def _blocks(text: str) -> tuple[int, ...]:
    try:
        blocks = tuple(int(channels) for channels in text.split(","))
    except ValueError:
        blocks = (0,)
    if any(not 0 < channels <= 2048 for channels in blocks):
        raise argparse.ArgumentTypeError(f"{text}: expected comma-separated numbers from 1 to 2048")
    return blocks
