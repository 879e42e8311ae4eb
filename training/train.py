"""Trains a network on FER-2013; reads from top to bottom.

    python -m training.train --preset emotion-cnn --data data/fer2013.npz
    python -m training.train --resume runs/emotion-cnn/last.pt

Validates, keeps `last.pt` and `best.pt`, appends to `metrics.jsonl`. Ctrl-C leaves `last.pt` behind.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from tqdm import tqdm

from classifier.backends import softmax
from classifier.preprocess import prepare
from shared.compute import choose_device
from shared.errors import ConfigurationError
from shared.extras import ROOT, remedy
from training import command, data, machine, options, soft_targets
from training.augment import inputs
from training.checkpoint import DivergedError
from training.data import Faces
from training.machine import stop_on_signal
from training.metrics import report
from training.recipes import PRESETS, changed, rate
from training.state import TrainState
from training.targets import Pictures, mixup

EVALUATION_BATCH = 64
"""Pictures evaluated at once on the CPU; eight times as many elsewhere."""
SHOWN = ("accuracy", "macro_f1", "nll")
SHOW_EVERY_S = 1.0
"""Between two readings of a device's loss for the progress bar: each one waits for the device."""

Board = Callable[[dict[str, Any]], None]
"""Takes the metrics of an epoch."""


def main() -> int:
    """Entry point."""
    return command.run("training.train", lambda: _train(options.parse(__doc__)))


def _train(arguments: argparse.Namespace) -> None:
    machine.prepare(arguments.threads)
    state = _state(arguments)
    board = _board(arguments.tensorboard)
    train, validation = split(data.load(arguments.data), state)
    steps = len(train) // state.recipe.batch * state.recipe.epochs
    print(f"{len(train)} training and {len(validation)} validation images, {steps} steps of {state.recipe.batch}")
    if state.step >= steps:
        print(f"all {state.recipe.epochs} epochs are done; --epochs makes them more")
    if options.compiles(arguments, state.device):
        machine.compile_network(state.network, state.device)

    stop = stop_on_signal(arguments.minutes * 60)
    fit(state, train, validation, arguments.out, stop, arguments.checkpoint_seconds, board)
    if state.exhausted():
        print(f"stopped after {state.waited} epochs without a better validation accuracy than {state.best:.4f}")
    if stop:
        again = f"--resume {arguments.out / 'last.pt'} --data {arguments.data}"
        print(f"stopped at step {state.step}; continue with {again}", flush=True)


def fit(
    state: TrainState,
    train: Pictures,
    validation: Faces,
    out: Path,
    stop: list[int],
    checkpoint_seconds: float,
    board: Board = lambda _: None,
) -> None:
    """Trains to the recipe's end, or until `stop` is no longer empty, with checkpoints and metrics in `out`.

    A checkpoint is written after each validation, when `stop` is filled, and every `checkpoint_seconds` between.
    """
    recipe, per_epoch = state.recipe, len(train) // state.recipe.batch
    last, round_ = per_epoch * recipe.epochs, per_epoch * recipe.validate_every
    while state.step < last and not stop and not state.exhausted():
        started, saved, first = time.monotonic(), time.monotonic(), state.step
        end = min(first - first % round_ + round_, last)
        for _ in steps(state, train, end):
            if stop:
                break
            if time.monotonic() - saved >= checkpoint_seconds:
                state.checkpoint().write(out / "last.pt")
                saved = time.monotonic()
        if state.step < end:
            break
        row = _row(state, validation, per_epoch, state.step - first, started)
        _keep(state, row, out)
        board(row)
    if stop:
        state.checkpoint().write(out / "last.pt")


def steps(state: TrainState, train: Pictures, last: int) -> Iterator[None]:
    """Trains to step `last`, yielding after each step."""
    batch, per_epoch = state.recipe.batch, len(train) // state.recipe.batch
    shown, order, shuffled = time.monotonic(), torch.empty(0), -1
    with tqdm(total=last - state.step, mininterval=10) as progress:
        while state.step < last:
            epoch, place = divmod(state.step, per_epoch)
            if epoch != shuffled:
                generator = torch.Generator().manual_seed(state.seed * 7919 + epoch)
                order, shuffled = torch.randperm(len(train), generator=generator).to(state.device), epoch
                progress.set_description(f"epoch {epoch + 1}", refresh=False)
            index = order[place * batch : (place + 1) * batch]
            step(state, train.images[index], train.labels[index], train.target[index], per_epoch)
            progress.update()
            if time.monotonic() - shown >= SHOW_EVERY_S:
                means = "loss {train_loss:.4f} accuracy {train_accuracy:.4f}".format(**state.epoch_means())
                progress.set_postfix_str(means, refresh=False)
                shown = time.monotonic()
            yield


def step(state: TrainState, images: Tensor, labels: Tensor, target: Tensor, per_epoch: int) -> Tensor:
    """One step of the `per_epoch` in an epoch; returns the loss, on the device.

    Takes images (B, 48, 48) uint8, labels (B,) int64 and target probabilities (B, 7) float32, all on the device. On
    the CPU it raises DivergedError for a non-finite loss before the weights change; elsewhere that would wait for the
    device, and the next reading of the mean loss or the next checkpoint raises it.
    """
    recipe, spec = state.recipe, state.input
    seed = state.seed * 1_000_003 + state.step
    generator = torch.Generator(state.device).manual_seed(seed)
    torch.manual_seed(seed)  # for mixup's share and dropout

    seen = inputs(images, spec, recipe.augmentation, generator)
    if state.teacher:
        same = torch.Generator(state.device).manual_seed(seed)  # for the same augmentation
        answers = state.teacher.probs(images, recipe.augmentation, same, state.autocast())
        target = torch.lerp(target, answers, recipe.teacher_share)
    if recipe.mixup and state.step < per_epoch * (recipe.epochs - recipe.unmixed):
        seen, target = mixup(seen, target, recipe.mixup, generator)

    for group in state.optimizer.param_groups:
        group["lr"] = rate(recipe, state.step / (per_epoch * recipe.epochs))
    state.network.train()
    with state.autocast():
        logits = state.network(seen)
    loss = functional.cross_entropy(logits.float(), target, state.class_weights)
    if state.device.type == "cpu" and not math.isfinite(loss.item()):
        raise DivergedError(f"the loss became {loss.item()} at step {state.step}; lower the learning rate")
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    state.optimizer.step()
    state.step_done(loss.detach(), (logits.argmax(1) == labels).sum(), len(labels))
    return loss.detach()


def validate(state: TrainState, faces: Faces) -> dict[str, Any]:
    """The report of `metrics` on the network that would be released."""
    return report(softmax(logits_of(state, faces.images)), faces.labels)


def logits_of(state: TrainState, images: np.ndarray) -> np.ndarray:
    """Logits (N, 7) float32 of that network for pictures (N, H, W) uint8, prepared as the running system does."""
    network, parts = state.released.eval(), []
    size = EVALUATION_BATCH if state.device.type == "cpu" else 8 * EVALUATION_BATCH
    with torch.inference_mode(), state.autocast():
        for start in range(0, len(images), size):
            batch = prepare(list(images[start : start + size]), state.input, whole=True)
            parts.append(network(torch.from_numpy(batch).to(state.device)).float())
    logits: np.ndarray = torch.cat(parts).cpu().numpy()
    return logits


def split(splits: dict[str, Faces], state: TrainState) -> tuple[Pictures, Faces]:
    """The training pictures on the run's device, and the validation split; both are registered with the run."""
    validation = splits["validation"]
    keep = data.to_train_on(splits["train"], validation)
    train, teacher = splits["train"].take(keep), state.recipe.teacher
    soft = soft_targets.read(teacher, splits["train"])[keep] if soft_targets.is_file(teacher) else None
    print(f"{(~keep).sum()} training images left out: blank, or in validation too")
    state.take(train, validation)
    if not 0 < state.recipe.batch <= len(train):
        raise ConfigurationError(
            f"--batch {state.recipe.batch} does not fit {len(train)} training images; give a smaller one"
        )
    return Pictures.of(train, state.recipe, state.device, soft), validation


def _state(arguments: argparse.Namespace) -> TrainState:
    """The run that the arguments begin or resume."""
    held = [path for path in (arguments.out / "last.pt", arguments.out / "best.pt") if path.exists()]
    if held and not arguments.resume:
        raise ConfigurationError(
            f"{held[0]} is another run's: --resume {held[0]} goes on with it, or give another --out"
        )
    device = torch.device(choose_device(arguments.device))
    changes = options.changes(arguments)
    if not arguments.resume:
        recipe = changed(PRESETS[arguments.preset or options.PRESET], changes)
        return TrainState.begin(recipe, arguments.seed or 0, device)
    state = TrainState.resume(arguments.resume, device, changes)
    wanted = PRESETS[arguments.preset].architecture if arguments.preset else state.recipe.architecture
    if state.recipe.architecture != wanted:
        raise ConfigurationError(f"{arguments.resume} holds {state.recipe.architecture}, not {wanted}")
    return state


def _row(state: TrainState, validation: Faces, per_epoch: int, done: int, started: float) -> dict[str, Any]:
    """The metrics of the `done` steps since the last validation, which `started` then, and what validation says."""
    means = state.epoch_means()
    trained_s = time.monotonic() - started
    return {
        "epoch": state.step // per_epoch,
        "step": state.step,
        "rate": rate(state.recipe, state.step / (per_epoch * state.recipe.epochs)),
        **means,
        **{f"validation_{name}": value for name, value in validate(state, validation).items() if name in SHOWN},
        "images_per_s": done * state.recipe.batch / trained_s,
        "epoch_s": (time.monotonic() - started) * per_epoch / done,
    }


def _keep(state: TrainState, row: dict[str, Any], out: Path) -> None:
    """Ends an epoch: its checkpoints and its row of metrics."""
    if state.epoch_done(row["validation_accuracy"]):
        state.checkpoint().write(out / "best.pt")  # first, so that on a full disk `last.pt` does not claim it
    state.checkpoint().write(out / "last.pt")
    with (out / "metrics.jsonl").open("a") as log:
        log.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)


def _board(folder: Path | None) -> Board:
    """A function that writes an epoch's row for TensorBoard; does nothing without a folder."""
    if folder is None:
        return lambda _: None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        install = remedy(ROOT, "training")
        raise ConfigurationError(f"--tensorboard needs the package tensorboard: {install}") from None
    writer = SummaryWriter(str(folder))

    def write(row: dict[str, Any]) -> None:
        for name, value in row.items():
            writer.add_scalar(name, value, row["epoch"])
        writer.flush()

    return write


if __name__ == "__main__":
    sys.exit(main())
