"""Trains teachers that differ in their seed alone, and stores what they think of all training pictures.

    python -m training.ensemble --teachers 3 --minutes 8 --data data/fer2013.npz

Each teacher is a run of its own in OUT/teacher-N, and the same command again goes on where it stopped. After each one
that is through, OUT/soft-targets.safetensors has the mean probabilities of all that are (deep ensembles,
Lakshminarayanan et al., arXiv 1612.01474), each averaged over ten crops of a picture, and OUT/ensemble.json how good
they are on validation. `python -m training.train --teacher OUT/soft-targets.safetensors` distils from them.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from torch.nn import functional

from shared.compute import choose_device
from shared.files import replacing
from training import command, data, machine, options, soft_targets
from training.data import Faces
from training.machine import stop_on_signal
from training.metrics import report
from training.recipes import PRESETS, changed
from training.state import TrainState
from training.train import EVALUATION_BATCH, fit, split

CROP = 11 / 12
"""Side of the ten crops (four corners, the middle, and their mirror images): 44 of a picture's 48 pixels."""
ANSWERS, TARGETS, REPORT = "answers.safetensors", "soft-targets.safetensors", "ensemble.json"


def main() -> int:
    """Entry point."""
    return command.run("training.ensemble", lambda: _ensemble(_arguments()))


def _ensemble(arguments: argparse.Namespace) -> None:
    machine.prepare(arguments.threads)
    splits, done = data.load(arguments.data), list[Path]()
    stop = stop_on_signal(arguments.minutes * 60)
    for seed in range(arguments.teachers):
        folder = arguments.out / f"teacher-{seed}"
        through = _train(folder, seed, splits, stop, arguments)
        if through or (not done and (folder / "best.pt").exists()):  # half a teacher is better than none
            done.append(folder)
            store(arguments.results or arguments.out, done, splits)
        if not through:
            print(f"teacher {seed + 1} of {arguments.teachers} stopped; the same command again goes on", flush=True)
            break


def _train(folder: Path, seed: int, splits: dict[str, Faces], stop: list[int], arguments: argparse.Namespace) -> bool:
    """Trains a teacher to its end or to `stop`, and writes its answers; returns whether it is through."""
    device, last = torch.device(choose_device(arguments.device)), folder / "last.pt"
    if last.exists():
        state = TrainState.resume(last, device, options.changes(arguments))
    else:
        state = TrainState.begin(changed(PRESETS[arguments.preset], options.changes(arguments)), seed, device)
    began = state.step
    train, validation = split(splits, state)
    steps = len(train) // state.recipe.batch * state.recipe.epochs
    print(f"teacher {seed + 1} of {arguments.teachers}: step {began} of {steps}", flush=True)
    if began < steps and options.compiles(arguments, device):
        machine.compile_network(state.network, device)
    fit(state, train, validation, folder, stop, arguments.checkpoint_seconds)
    if (folder / "best.pt").exists() and (state.step > began or not (folder / ANSWERS).exists()):
        _answer(folder, splits, device)
    return state.step >= steps or state.exhausted()


def _answer(folder: Path, splits: dict[str, Faces], device: torch.device) -> None:
    """Writes a teacher's probabilities (N, 7) for the pictures of each split, by the weights best on validation."""
    state = TrainState.resume(folder / "best.pt", device)
    probs = {name: ten_crop_probs(state, faces.images) for name, faces in splits.items()}
    with replacing(folder / ANSWERS) as part:
        save_file(probs, part, metadata={"accuracy": f"{state.best}"})


def ten_crop_probs(state: TrainState, images: np.ndarray) -> np.ndarray:
    """Mean probabilities (N, 7) float32 over ten crops of pictures (N, H, W) uint8, by the averaged weights."""
    network, spec = state.released.eval(), state.input
    size = EVALUATION_BATCH if state.device.type == "cpu" else 8 * EVALUATION_BATCH
    pictures, parts = torch.from_numpy(images).to(state.device), []
    with torch.inference_mode(), state.autocast():
        for start in range(0, len(pictures), size):
            batch = pictures[start : start + size, None]
            inputs = (batch.float() / 255 - spec.mean) / spec.std
            answers = [torch.softmax(network(view).float(), 1) for view in _ten_crops(inputs, spec.size)]
            parts.append(torch.stack(answers).mean(0))
    probs: np.ndarray = torch.cat(parts).cpu().numpy()
    return probs


def _ten_crops(pictures: torch.Tensor, size: int) -> list[torch.Tensor]:
    whole = pictures.shape[-1]
    side = round(whole * CROP)
    far, middle = whole - side, (whole - side) // 2
    places = [(0, 0), (0, far), (far, 0), (far, far), (middle, middle)]
    crops = [pictures[..., top : top + side, left : left + side] for top, left in places]
    views = [functional.interpolate(crop, (size, size), mode="bilinear", align_corners=False) for crop in crops]
    return [turned for view in views for turned in (view, view.flip(-1))]


def store(out: Path, teachers: list[Path], splits: dict[str, Faces]) -> None:
    """Writes the mean of the answers in the teachers' folders, and how good teachers and mean are."""
    labels = splits["validation"].labels
    answers, ten_crop, rows = list[dict[str, np.ndarray]](), list[float](), list[dict[str, Any]]()
    for folder in teachers:
        with safe_open(folder / ANSWERS, "np") as file:
            answers.append({name: file.get_tensor(name) for name in splits})
            single = float(file.metadata()["accuracy"])
        ten_crop.append(float((answers[-1]["validation"].argmax(1) == labels).mean()))
        rows.append({"teacher": folder.name, "accuracy": single, "ten_crop_accuracy": ten_crop[-1]})
    mean = {name: np.mean([one[name] for one in answers], 0) for name in splits}
    agrees = float((mean["train"].argmax(1) == splits["train"].labels).mean())
    scores = report(mean["validation"], labels)
    soft_targets.write(out / TARGETS, mean["train"], splits["train"], ", ".join(folder.name for folder in teachers))
    said = {"teachers": rows, "ensemble": scores, "agrees_with_training_labels": agrees}
    with replacing(out / REPORT) as part:
        part.write_text(json.dumps(said, indent=2) + "\n")
    alone = " ".join(f"{accuracy:.4f}" for accuracy in ten_crop)
    print(
        f"{out / TARGETS}: {len(rows)} teachers, validation accuracy {scores['accuracy']:.4f} together, "
        f"{alone} alone (ten crops); "
        f"they give {agrees:.1%} of the training pictures their label",
        flush=True,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.ensemble", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--teachers", type=command.number(int, 1), default=3, help="how many (default: 3)")
    parser.add_argument("--preset", choices=sorted(PRESETS), default="teacher", help="their recipe (default: teacher)")
    parser.add_argument("--out", type=Path, default=Path("runs/ensemble"), help="folder (default: runs/ensemble)")
    parser.add_argument("--results", type=Path, help=f"folder for {TARGETS} and {REPORT} (default: OUT)")
    options.add_run_options(parser)
    options.add_recipe_options(parser)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
