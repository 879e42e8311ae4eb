"""Times a few steps of training on this machine and says how many epochs and teachers fit into some minutes.

    python -m training.plan --minutes 8 --preset teacher emotion-net --data data/fer2013.npz

Prints, last for each preset, the command to type. Everything is extrapolated from a second of steps, one validation and
one checkpoint. Not in it: the seconds that a command takes to start and to read its data.
"""

import argparse
import shlex
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from shared.compute import choose_device
from training import card, command, data, machine, options
from training.data import Faces
from training.recipes import PRESETS, Recipe, changed
from training.state import TrainState
from training.targets import Pictures
from training.train import split, steps, validate

WARM_UP, TIMED, TIMED_S = 3, 3, 1.0
"""Steps before the timed ones; least number of timed steps, and least time for them."""
RESERVE = 0.05
"""Share of the time that is left free."""
MOST_TEACHERS = 5
"""More would add little (deep ensembles, arXiv 1612.01474)."""


@dataclass(frozen=True)
class Cost:
    """Seconds: of a step, of what precedes the first one, of a validation, a checkpoint, and a teacher's answers."""

    step_s: float
    first_s: float
    validation_s: float
    checkpoint_s: float
    answers_s: float

    def epoch_s(self, recipe: Recipe, per_epoch: int) -> float:
        """Seconds of an epoch of `per_epoch` steps with its share of a validation and two checkpoints."""
        return per_epoch * self.step_s + (self.validation_s + 2 * self.checkpoint_s) / recipe.validate_every

    def epochs(self, recipe: Recipe, per_epoch: int, seconds: float, teachers: int = 0) -> int:
        """The epochs that fit: of one run, or of each of some teachers one after the other with their answers."""
        free = seconds * (1 - RESERVE) / max(teachers, 1) - self.first_s - bool(teachers) * self.answers_s
        return max(int(free / self.epoch_s(recipe, per_epoch)), 0)

    def teachers(self, recipe: Recipe, per_epoch: int, seconds: float) -> int:
        """As many as can have the recipe's epochs, at most MOST_TEACHERS; at least one."""
        enough = range(MOST_TEACHERS, 1, -1)
        return next((n for n in enough if self.epochs(recipe, per_epoch, seconds, n) >= recipe.epochs), 1)


def measure(state: TrainState, train: Pictures, validation: Faces, pictures: int, *, compiled: bool) -> Cost:
    """What a run costs from here on; `pictures` are those that a teacher answers for. Changes the run."""
    started = time.monotonic()
    if compiled:
        machine.compile_network(state.network, state.device)
    for _ in steps(state, train, state.step + WARM_UP):
        pass
    _wait(state.device)
    warm, first = time.monotonic(), state.step
    for _ in steps(state, train, first + 1_000_000):
        if state.step - first >= TIMED and time.monotonic() - warm >= TIMED_S:
            break
    _wait(state.device)
    timed = time.monotonic()
    validate(state, validation)
    validated = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        state.checkpoint().write(Path(folder, "last.pt"))
    return Cost(
        step_s=(timed - warm) / (state.step - first),
        first_s=warm - started,
        validation_s=validated - timed,
        checkpoint_s=time.monotonic() - validated,
        answers_s=10 * (validated - timed) * pictures / len(validation),
    )


def proposed(recipe: Recipe, epochs: int) -> Recipe:
    """The recipe with other epochs, of which as large a share is without mixup."""
    return replace(recipe, epochs=max(epochs, 1), unmixed=round(recipe.unmixed * epochs / recipe.epochs))


def _wait(device: torch.device) -> None:
    if device.type != "cpu":
        getattr(torch, device.type).synchronize()


def main() -> int:
    """Entry point."""
    return command.run("training.plan", lambda: _plan(_arguments()))


def _plan(arguments: argparse.Namespace) -> None:
    began = time.monotonic()
    machine.prepare(arguments.threads)
    device = torch.device(choose_device(arguments.device))
    splits = data.load(arguments.data)
    print(f"torch {torch.__version__}, {torch.cuda.get_device_name() if device.type == 'cuda' else device.type}")
    ways = [False, True] if device.type == "cuda" else [False]
    if arguments.compile is not None:
        ways = [arguments.compile]
    for preset in arguments.preset:
        found = []
        for way in ways:
            state = TrainState.begin(changed(PRESETS[preset], options.changes(arguments)), 0, device)
            train, validation = split(splits, state)
            cost = measure(state, train, validation, sum(map(len, splits.values())), compiled=way)
            seconds = arguments.minutes * 60 - (time.monotonic() - began if arguments.from_now else 0.0)
            teachers, epochs, said = propose(preset, state.recipe, cost, len(train) // state.recipe.batch, seconds)
            print(f"{preset} on {device.type}, {'' if way else 'not '}compiled: {said}", flush=True)
            found.append((epochs * max(teachers, 1), _command(state.recipe, teachers, epochs, arguments, way)))
        most, command_ = max(found)
        print(command_ if most else f"not one epoch of {preset} fits: give more --minutes", flush=True)


def _command(recipe: Recipe, teachers: int, epochs: int, arguments: argparse.Namespace, compiled: bool) -> str:
    what = f"training.ensemble --teachers {teachers}" if teachers else "training.train"
    said = " ".join(card.options(proposed(recipe, epochs)))
    rest = f"--data {shlex.quote(str(arguments.data))} --minutes {arguments.minutes:g}"
    return f"python -m {what} {said} {rest} --{'' if compiled else 'no-'}compile"


def propose(preset: str, recipe: Recipe, cost: Cost, per_epoch: int, seconds: float) -> tuple[int, int, str]:
    """How many teachers (0: it is no teacher) and epochs of each fit, and what to say about it."""
    teachers = cost.teachers(recipe, per_epoch, seconds) if preset == "teacher" else 0
    epochs = cost.epochs(recipe, per_epoch, seconds, teachers)
    said = (
        f"{cost.step_s * 1000:.1f} ms a step of {recipe.batch} after {cost.first_s:.1f} s for the first {WARM_UP}; "
        f"validation {cost.validation_s:.1f} s, checkpoint {cost.checkpoint_s:.1f} s; "
        f"{cost.epoch_s(recipe, per_epoch):.1f} s an epoch of {per_epoch} steps: in {seconds / 60:.1f} minutes "
        + (f"{teachers} x {epochs} epochs" if teachers else f"{epochs} epochs")
    )
    return teachers, epochs, said


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.plan", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", nargs="+", choices=sorted(PRESETS), default=["teacher"], help="default: teacher")
    parser.add_argument("--from-now", action="store_true", help="the minutes include the time that planning takes")
    options.add_run_options(parser, minutes=8)
    options.add_recipe_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
