"""Trains a network on FER-2013; reads from top to bottom.

    python -m training.train --preset emotion-cnn --data data/fer2013.npz
    python -m training.train --resume runs/emotion-cnn/last.pt

Validates each epoch, keeps `last.pt` and `best.pt`, appends to `metrics.jsonl`. Ctrl-C leaves `last.pt` behind.
"""

import argparse
import contextlib
import ctypes
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from shared.compute import DEVICES, choose_device
from shared.errors import ConfigurationError
from training import command, data
from training.command import number
from training.recipes import OPTIONS, PRESETS, SCHEDULES, changed, rate
from training.run import Run


def main() -> int:
    """Entry point."""
    return command.run("training.train", lambda: _train(_arguments()))


def _train(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    _keep_memory()
    device = torch.device(choose_device(arguments.device))
    held = [path for path in (arguments.out / "last.pt", arguments.out / "best.pt") if path.exists()]
    if held and not arguments.resume:
        raise ConfigurationError(
            f"{held[0]} is another run's: --resume {held[0]} goes on with it, or give another --out"
        )
    run = _run(arguments, device)
    board = _board(arguments.tensorboard)

    splits = data.load(arguments.data)
    validation = splits["validation"]
    train = data.without_leakage(splits["train"], validation)
    run.train_on(train, validation)
    if not 0 < run.recipe.batch <= len(train):
        raise ConfigurationError(
            f"--batch {run.recipe.batch} does not fit {len(train)} training images; give a smaller one"
        )
    per_epoch = len(train) // run.recipe.batch
    steps = per_epoch * run.recipe.epochs
    left_out = len(splits["train"]) - len(train)
    print(
        f"{len(train)} training images ({left_out} left out: blank, or in validation too) and {len(validation)} "
        f"validation images, {steps} steps of {run.recipe.batch}"
    )

    if run.step >= steps:
        print(f"all {run.recipe.epochs} epochs are done; --epochs makes them more")

    stop = _stop_on_signal()
    while run.step < steps and not stop and not run.exhausted():
        started, first = time.monotonic(), run.step
        _epoch(run, train, stop)
        if run.step % per_epoch:
            break
        trained_s = time.monotonic() - started
        row = {
            "epoch": run.step // per_epoch,
            "step": run.step,
            "rate": rate(run.recipe, run.step / steps),
            **run.end_epoch(),
            **{f"validation_{name}": value for name, value in run.evaluate(validation).items() if name in SHOWN},
            "images_per_s": (run.step - first) * run.recipe.batch / trained_s,
            "epoch_s": time.monotonic() - started,
        }
        _keep(run, row, arguments.out)
        board(row)
    if run.exhausted():
        print(f"stopped after {run.waited} epochs without a better validation accuracy than {run.best:.4f}", flush=True)
    if stop:
        run.save(arguments.out / "last.pt")
        again = f"--resume {arguments.out / 'last.pt'} --data {arguments.data}"
        print(f"stopped at step {run.step}; continue with {again}", flush=True)


def _run(arguments: argparse.Namespace, device: torch.device) -> Run:
    """The run that the arguments begin or go on with."""
    options = {name: value for name in OPTIONS if (value := getattr(arguments, name)) is not None}
    if not arguments.resume:
        return Run.begin(changed(PRESETS[arguments.preset or PRESET], options), arguments.seed or 0, device)
    run = Run.resume(arguments.resume, device, options)
    wanted = PRESETS[arguments.preset].architecture if arguments.preset else run.recipe.architecture
    if run.recipe.architecture != wanted:
        raise ConfigurationError(f"{arguments.resume} holds {run.recipe.architecture}, not {wanted}")
    return run


def _keep_memory() -> None:
    """Lets the process keep what it frees, where the C library is glibc.

    The maps of a step are each larger than what malloc keeps; fetched anew from the kernel, page by page, they cost a
    third of EmotionCNN's step.
    """
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, -1)


_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""Of glibc's malloc.h."""
PRESET = "emotion-cnn"
SHOWN = ("accuracy", "macro_f1", "nll")


def _epoch(run: Run, train: data.Faces, stop: list[int]) -> None:
    """Trains to the end of the epoch the run is in, or until asked to stop."""
    batch, per_epoch = run.recipe.batch, len(train) // run.recipe.batch
    epoch = run.step // per_epoch
    images, labels, votes = (torch.from_numpy(array) for array in (train.images, train.labels, train.votes))
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(run.seed * 7919 + epoch))
    places = range(run.step % per_epoch, per_epoch)
    progress = tqdm(places, total=per_epoch, initial=places.start, desc=f"epoch {epoch + 1}", mininterval=10)
    for place in progress:
        index = order[place * batch : (place + 1) * batch]
        run.train_step(images[index].to(run.device), labels[index], votes[index], per_epoch)
        progress.set_postfix_str(
            "loss {train_loss:.4f} accuracy {train_accuracy:.4f}".format(**run.epoch_means()), refresh=False
        )
        if stop:
            break


def _keep(run: Run, row: dict[str, Any], out: Path) -> None:
    if run.judged(row["validation_accuracy"]):
        run.save(out / "best.pt")  # first: a full disk then leaves a `last.pt` that knows of no better one
    run.save(out / "last.pt")
    with (out / "metrics.jsonl").open("a") as log:
        log.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)


def _board(folder: Path | None) -> Callable[[dict[str, Any]], None]:
    """What writes an epoch's row for TensorBoard; does nothing without a folder."""
    if folder is None:
        return lambda _: None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ConfigurationError("--tensorboard needs the package tensorboard: pip install '.[training]'") from None
    writer = SummaryWriter(str(folder))

    def write(row: dict[str, Any]) -> None:
        for name, value in row.items():
            writer.add_scalar(name, value, row["epoch"])
        writer.flush()

    return write


def _stop_on_signal() -> list[int]:
    """A list that Ctrl-C or SIGTERM fills; the loop looks at it after every step."""
    stop: list[int] = []
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda received, _: stop.append(received))
    return stop


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
    recipe = parser.add_argument_group("instead of the preset's or the resumed recipe's")
    recipe.add_argument("--epochs", type=number(int, 1))
    recipe.add_argument("--batch", type=number(int, 2), help="not of a resumed run")
    recipe.add_argument("--rate", type=number(float, 0), help="highest learning rate")
    recipe.add_argument("--schedule", choices=SCHEDULES, help="of the learning rate")
    recipe.add_argument(
        "--patience", type=number(int, 0), help="end after so many epochs that are no better (0: never)"
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
    arguments = parser.parse_args()
    if arguments.resume and arguments.start:
        parser.error("a run that goes on with --resume has begun already: give --start without it")
    if arguments.resume and arguments.seed is not None:
        parser.error("a run that goes on with --resume keeps its seed: give --seed without it")
    arguments.out = arguments.out or (
        arguments.resume.parent if arguments.resume else Path("runs", arguments.preset or PRESET)
    )
    return arguments


def _blocks(text: str) -> tuple[int, ...]:
    try:
        blocks = tuple(int(channels) for channels in text.split(","))
    except ValueError:
        blocks = (0,)
    if any(not 0 < channels <= 2048 or channels % 32 for channels in blocks):
        raise argparse.ArgumentTypeError(f"{text}: expected multiples of 32 up to 2048 with commas between them")
    return blocks


if __name__ == "__main__":
    sys.exit(main())
