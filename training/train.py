"""Trains a network on FER-2013; reads from top to bottom.

    python -m training.train --preset emotion-cnn --data data/fer2013.npz
    python -m training.train --resume runs/emotion-cnn/last.pt

Validates each epoch, keeps `last.pt` and `best.pt`, appends to `metrics.jsonl`. Ctrl-C leaves `last.pt` behind.
"""

import argparse
import contextlib
import ctypes
import json
import math
import signal
import sys
import time
from collections.abc import Callable
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
from training import command, data, options
from training.augment import augment
from training.checkpoint import DivergedError
from training.data import Faces
from training.metrics import report
from training.recipes import OPTIONS, PRESETS, changed, rate
from training.state import TrainState
from training.targets import mixup, targets

EVALUATION_BATCH = 64
SHOWN = ("accuracy", "macro_f1", "nll")


def main() -> int:
    """Entry point."""
    return command.run("training.train", lambda: _train(options.parse(__doc__)))


def _train(arguments: argparse.Namespace) -> None:
    torch.set_num_threads(arguments.threads)
    _keep_memory()
    state = _state(arguments)
    board = _board(arguments.tensorboard)
    train, validation = _faces(arguments.data, state)
    per_epoch = len(train) // state.recipe.batch
    last = per_epoch * state.recipe.epochs
    print(f"{len(train)} training and {len(validation)} validation images, {last} steps of {state.recipe.batch}")
    if state.step >= last:
        print(f"all {state.recipe.epochs} epochs are done; --epochs makes them more")

    stop = _stop_on_signal()
    while state.step < last and not stop and not state.exhausted():
        started, first = time.monotonic(), state.step
        run_epoch(state, train, stop)
        if state.step % per_epoch:
            break
        images_per_s = (state.step - first) * state.recipe.batch / (time.monotonic() - started)
        row = {
            "epoch": state.step // per_epoch,
            "step": state.step,
            "rate": rate(state.recipe, state.step / last),
            **state.epoch_means(),
            **{f"validation_{name}": value for name, value in validate(state, validation).items() if name in SHOWN},
            "images_per_s": images_per_s,
            "epoch_s": time.monotonic() - started,
        }
        _keep(state, row, arguments.out)
        board(row)

    if state.exhausted():
        print(f"stopped after {state.waited} epochs without a better validation accuracy than {state.best:.4f}")
    if stop:
        state.checkpoint().write(arguments.out / "last.pt")
        again = f"--resume {arguments.out / 'last.pt'} --data {arguments.data}"
        print(f"stopped at step {state.step}; continue with {again}", flush=True)


def run_epoch(state: TrainState, train: Faces, stop: list[int]) -> None:
    """Trains to the end of the epoch that the run is in, or until `stop` is no longer empty."""
    batch, per_epoch = state.recipe.batch, len(train) // state.recipe.batch
    epoch = state.step // per_epoch
    images, labels, votes = (torch.from_numpy(array) for array in (train.images, train.labels, train.votes))
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(state.seed * 7919 + epoch))
    places = range(state.step % per_epoch, per_epoch)
    progress = tqdm(places, total=per_epoch, initial=places.start, desc=f"epoch {epoch + 1}", mininterval=10)
    for place in progress:
        index = order[place * batch : (place + 1) * batch]
        step(state, images[index].to(state.device), labels[index], votes[index], per_epoch)
        progress.set_postfix_str(
            "loss {train_loss:.4f} accuracy {train_accuracy:.4f}".format(**state.epoch_means()), refresh=False
        )
        if stop:
            break


def step(state: TrainState, images: Tensor, labels: Tensor, votes: Tensor, per_epoch: int) -> float:
    """One step of the `per_epoch` in an epoch; returns the loss.

    Takes images (B, 48, 48) uint8, labels (B,) int64 and vote shares (B, 7) float32. Raises DivergedError for a
    non-finite loss, before the weights change.
    """
    recipe, spec = state.recipe, state.input
    seed = state.seed * 1_000_003 + state.step
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)  # for mixup's share and dropout

    inputs = (augment(images, spec.size, recipe.augmentation, generator) - spec.mean) / spec.std
    target = targets(labels, votes, recipe).to(state.device)
    if state.teacher:
        same = torch.Generator().manual_seed(seed)  # for the same augmentation
        answers = state.teacher.probs(images, recipe.augmentation, same, state.autocast())
        target = torch.lerp(target, answers, recipe.teacher_share)
    if recipe.mixup and state.step < per_epoch * (recipe.epochs - recipe.unmixed):
        inputs, target = mixup(inputs, target, recipe.mixup, generator)

    for group in state.optimizer.param_groups:
        group["lr"] = rate(recipe, state.step / (per_epoch * recipe.epochs))
    state.network.train()
    with state.autocast():
        logits = state.network(inputs)
    loss = functional.cross_entropy(logits.float(), target, state.class_weights)
    value = loss.item()
    if not math.isfinite(value):
        raise DivergedError(f"the loss became {value} at step {state.step}; lower the learning rate")
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    state.optimizer.step()
    state.step_done(value, int((logits.argmax(1).cpu() == labels).sum()), len(labels))
    return value


def validate(state: TrainState, faces: Faces) -> dict[str, Any]:
    """The report of `metrics` on the network that would be released."""
    return report(softmax(logits_of(state, faces.images)), faces.labels)


def logits_of(state: TrainState, images: np.ndarray) -> np.ndarray:
    """Logits (N, 7) float32 of that network for pictures (N, H, W) uint8, prepared as the running system does."""
    network = state.released.eval()
    parts = []
    with torch.inference_mode(), state.autocast():
        for start in range(0, len(images), EVALUATION_BATCH):
            batch = prepare(list(images[start : start + EVALUATION_BATCH]), state.input, whole=True)
            parts.append(network(torch.from_numpy(batch).to(state.device)).float().cpu().numpy())
    return np.concatenate(parts)


def _state(arguments: argparse.Namespace) -> TrainState:
    """The run that the arguments begin or resume."""
    held = [path for path in (arguments.out / "last.pt", arguments.out / "best.pt") if path.exists()]
    if held and not arguments.resume:
        raise ConfigurationError(
            f"{held[0]} is another run's: --resume {held[0]} goes on with it, or give another --out"
        )
    device = torch.device(choose_device(arguments.device))
    changes = {name: value for name in OPTIONS if (value := getattr(arguments, name)) is not None}
    if not arguments.resume:
        recipe = changed(PRESETS[arguments.preset or options.PRESET], changes)
        return TrainState.begin(recipe, arguments.seed or 0, device)
    state = TrainState.resume(arguments.resume, device, changes)
    wanted = PRESETS[arguments.preset].architecture if arguments.preset else state.recipe.architecture
    if state.recipe.architecture != wanted:
        raise ConfigurationError(f"{arguments.resume} holds {state.recipe.architecture}, not {wanted}")
    return state


def _faces(path: Path, state: TrainState) -> tuple[Faces, Faces]:
    """The training and validation splits, registered with the run."""
    splits = data.load(path)
    validation = splits["validation"]
    train = data.without_leakage(splits["train"], validation)
    print(f"{len(splits['train']) - len(train)} training images left out: blank, or in validation too")
    state.take(train, validation)
    if not 0 < state.recipe.batch <= len(train):
        raise ConfigurationError(
            f"--batch {state.recipe.batch} does not fit {len(train)} training images; give a smaller one"
        )
    return train, validation


def _keep(state: TrainState, row: dict[str, Any], out: Path) -> None:
    """Ends an epoch: its checkpoints and its row of metrics."""
    if state.epoch_done(row["validation_accuracy"]):
        state.checkpoint().write(out / "best.pt")  # first, so that on a full disk `last.pt` does not claim it
    state.checkpoint().write(out / "last.pt")
    with (out / "metrics.jsonl").open("a") as log:
        log.write(json.dumps(row) + "\n")
    print(json.dumps(row), flush=True)


def _board(folder: Path | None) -> Callable[[dict[str, Any]], None]:
    """A function that writes an epoch's row for TensorBoard; does nothing without a folder."""
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
    """A list that Ctrl-C or SIGTERM fills; the loop checks it after every step."""
    stop: list[int] = []
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda received, _: stop.append(received))
    return stop


def _keep_memory() -> None:
    """Makes glibc's malloc keep freed memory.

    A step's feature maps exceed malloc's mmap threshold; paging them in again doubles the time of EmotionCNN's step.
    """
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, -1)


_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4
"""Of glibc's malloc.h."""

if __name__ == "__main__":
    sys.exit(main())
