"""The command line of `training.train`."""

import argparse
from pathlib import Path

import torch

from shared.compute import DEVICES
from training.command import number
from training.recipes import PRESETS, SCHEDULES

PRESET = "emotion-cnn"


def parse(description: str | None) -> argparse.Namespace:
    """The options, checked one by one and against each other; `out` is always set."""
    parser = argparse.ArgumentParser(
        prog="python -m training.train", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    _add_run_options(parser)
    _add_recipe_options(parser.add_argument_group("instead of the preset's or the resumed recipe's"))
    arguments = parser.parse_args()
    if arguments.resume and arguments.start:
        parser.error("a run that goes on with --resume has begun already: give --start without it")
    if arguments.resume and arguments.seed is not None:
        parser.error("a run that goes on with --resume keeps its seed: give --seed without it")
    arguments.out = arguments.out or (
        arguments.resume.parent if arguments.resume else Path("runs", arguments.preset or PRESET)
    )
    return arguments


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=sorted(PRESETS), help=f"the recipe (default: {PRESET})")
    parser.add_argument("--data", type=Path, default=Path("data/fer2013.npz"), help="what training.data wrote or takes")
    parser.add_argument("--out", type=Path, help="for checkpoints and metrics.jsonl (default: runs/PRESET)")
    parser.add_argument("--resume", type=Path, help="a checkpoint to go on from (its recipe and seed are kept)")
    parser.add_argument("--start", metavar="MODEL", help="a released model's weights to begin with ('': random ones)")
    parser.add_argument("--tensorboard", type=Path, metavar="DIR", help="write the metrics for TensorBoard too")
    parser.add_argument("--seed", type=int, help="of a new run (default: 0)")
    parser.add_argument(
        *("--threads", "--workers"),
        type=number(int, 1),
        default=torch.get_num_threads(),
        help="CPU threads that augment and compute; images are decoded once, so no other process loads them",
    )
    parser.add_argument("--device", choices=DEVICES, default="auto")


def _add_recipe_options(recipe: argparse._ArgumentGroup) -> None:
    recipe.add_argument("--epochs", type=number(int, 1))
    recipe.add_argument("--batch", type=number(int, 2), help="not of a resumed run")
    recipe.add_argument("--rate", type=number(float, 0), help="highest learning rate")
    recipe.add_argument("--schedule", choices=SCHEDULES, help="of the learning rate")
    recipe.add_argument(
        "--patience", type=number(int, 0), help="end after so many epochs in a row that are no better (0: never)"
    )
    recipe.add_argument("--class-weights", action=argparse.BooleanOptionalAction, help="rare classes count more")
    recipe.add_argument("--amp", dest="mixed_precision", action=argparse.BooleanOptionalAction, help="bfloat16")
    recipe.add_argument("--mixup", type=number(float, 0), help="parameter of the Beta distribution, 0.2 say (0: none)")
    recipe.add_argument("--unmixed", type=number(int, 0), help="epochs at the end in which nothing is mixed")
    recipe.add_argument("--blocks", type=_blocks, help="channels of emotion-net's residual blocks, 96,192,384 say")
    recipe.add_argument("--teacher", help="a released model whose answers are part of the targets ('': none)")
    recipe.add_argument("--teacher-share", type=number(float, 0, 1), help="their share")
    recipe.add_argument("--tied", action=argparse.BooleanOptionalAction, help="emotion-cnn: one weight for 2x2 places")
    recipe.add_argument(
        "--dropout", type=number(float, 0, 0.9), help="emotion-cnn: share of hidden units left out of a step"
    )
    recipe.add_argument("--degrees", type=number(float, 0, 180), help="rotate by up to so many")
    recipe.add_argument("--scale", type=number(float, 0, 0.9), help="scale by up to this share, 0.1 say")
    recipe.add_argument("--shift", type=number(float, 0, 1), help="move by up to this share of the side")
    recipe.add_argument("--erase", type=number(float, 0, 1), help="hide a rectangle with this probability")


def _blocks(text: str) -> tuple[int, ...]:
    try:
        blocks = tuple(int(channels) for channels in text.split(","))
    except ValueError:
        blocks = (0,)
    if any(not 0 < channels <= 2048 for channels in blocks):
        raise argparse.ArgumentTypeError(f"{text}: expected numbers from 1 to 2048 with commas between them")
    return blocks
