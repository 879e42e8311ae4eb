"""The model card of a release."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from classifier.architectures import ARCHITECTURES
from classifier.release import Config
from training.recipes import OPTIONS, PRESETS, Recipe


@dataclass(frozen=True)
class Figures:
    """Validation results: scores with and without temperature scaling, through detector and crop, and by image size."""

    scores: dict[str, Any]
    before: dict[str, Any]
    found: int
    through_accuracy: float
    direct_accuracy: float
    by_side: dict[int, float]


@dataclass(frozen=True)
class Training:
    """How the weights were trained: recipe, seed, steps, checkpoint file, and whether the data is FER-2013."""

    recipe: Recipe
    seed: int
    steps: int
    checkpoint: Path
    is_fer2013: bool


FER2013 = """\
FER-2013's training split (Goodfellow et al., arXiv 1307.0414), without blank pictures and without the pictures that
the validation split also holds; FER+ votes (Barsoum et al., arXiv 1608.01041) as part of the targets where
`vote share` is above 0. PrivateTest was not used."""
OTHER_DATA = """The training split of the same data, without blank pictures and without the pictures that the validation
split also holds."""
PEERS = """

On the same pictures, beside systems that run on the same class of machine:

| system | accuracy |
|---|---|
| this model | {accuracy:.1%} |
| mini-Xception of the `fer` package | 65.2% |
| `@vladmandic/human` | 65.2% |
| face-api | 58.4% |

People reach about 65 % (on PrivateTest, arXiv 1307.0414)."""
FER2013_LIMITS = """
The labels are noisy: people agree with them on about 65 % of pictures. {worst} are recognised least often.
The pictures are posed or found on the web, mostly frontal, 48 pixels wide; expect clearly less on profiles, masks,
occlusions, poor light and small faces, and other figures for age groups and ethnicities that the web shows seldom."""
USE = """The network reads facial expression, not what a person feels.

## Use

Meant for research, teaching, and interfaces whose users know of it and agree. Not for decisions about people: not in
hiring, policing, border control, credit, insurance or medicine. In the European Union, inferring emotions of people
at work or in education is prohibited (AI Act, Art. 5(1)(f)), and people exposed to it elsewhere must be told
(Art. 50(3))."""


def write(config: Config, training: Training, figures: Figures, note: str) -> str:
    """The model card in Markdown."""
    by_recall = sorted(figures.scores["per_class"].items(), key=lambda item: item[1]["recall"])
    worst = " and ".join(f"{label} ({row['recall']:.0%})" for label, row in by_recall[:2])
    limits = (
        FER2013_LIMITS.format(worst=worst.capitalize())
        if training.is_fer2013
        else "\nThe figures hold for pictures like those it was measured on."
    )
    size = config.input.size
    return f"""# {config.name} {config.version}

Seven probabilities ({", ".join(config.labels)}) for a picture of one face. Architecture
`{config.architecture}`, input {size}x{size} grey; weights are float16 safetensors, all else stands in `config.json`.

{_measured(config, training, figures)}

{_made(config, training, note)}

## Limits
{limits}
{USE}
"""


def _measured(config: Config, training: Training, figures: Figures) -> str:
    scores, before = figures.scores, figures.before
    per_class = "\n".join(
        f"| {label} | {row['precision']:.3f} | {row['recall']:.3f} | {row['f1']:.3f} | {row['n']} |"
        for label, row in scores["per_class"].items()
    )
    sides = "\n".join(f"| {side} | {accuracy:.1%} |" for side, accuracy in figures.by_side.items())
    split = "FER-2013's validation split (PublicTest)" if training.is_fer2013 else "the validation split of its data"
    return f"""\
## Measured on {split}, {scores["n"]} pictures, single model, single crop

| accuracy | macro-F1 | ECE | NLL |
|---|---|---|---|
| {scores["accuracy"]:.2%} | {scores["macro_f1"]:.3f} | {scores["ece"]:.3f} | {scores["nll"]:.3f} |

Before temperature scaling (T = {config.temperature}): ECE {before["ece"]:.3f}, NLL {before["nll"]:.3f}.
The temperature is fitted on the same split, so the calibration figures are optimistic; the split also chose the
recipe.

| class | precision | recall | F1 | pictures |
|---|---|---|---|---|
{per_class}

![Confusion matrix](confusion.png) ![Calibration](calibration.png)

Through the pipeline's own detector and crop: a face is found in {figures.found} of the {scores["n"]} pictures, enlarged
into a frame; on those the accuracy is {figures.through_accuracy:.2%}, and {figures.direct_accuracy:.2%} when classified
directly. The network sees a square of {config.input.view} box heights, {config.input.view_dy:+} box
heights below the box's centre; both were fitted on every third of these pictures.

| side of the picture in pixels | accuracy |
|---|---|
{sides}{PEERS.format(accuracy=scores["accuracy"]) if training.is_fer2013 else ""}"""


def _made(config: Config, training: Training, note: str) -> str:
    settings = asdict(training.recipe) | {"seed": training.seed}
    if not ARCHITECTURES[config.architecture].stem:
        del settings["blocks"]
    recipe_rows = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in _flat(settings))
    data = FER2013 if training.is_fer2013 else OTHER_DATA
    checkpoint = Path("runs", training.checkpoint.parent.name, training.checkpoint.name)
    return f"""## How it was made

{data} {training.steps} steps:

| setting | value |
|---|---|
{recipe_rows}

    python -m training.train {" ".join(options(training.recipe, training.seed))}
    python -m training.export {checkpoint} --name {config.name} --version {config.version}

Of the epochs, the one with the best validation accuracy is in `best.pt`. {note}"""


def options(recipe: Recipe, seed: int = 0) -> list[str]:
    """The command-line options that produce the recipe, starting from the most similar preset."""
    wanted = dict(_flat(asdict(recipe)))

    def differs(name: str) -> tuple[int, int]:
        preset = dict(_flat(asdict(PRESETS[name])))
        others = [one for one in wanted if wanted[one] != preset[one]]
        return sum(one not in OPTIONS for one in others), len(others)

    nearest = min(PRESETS, key=differs)
    preset = dict(_flat(asdict(PRESETS[nearest])))
    said = ["--preset", nearest] + ([f"--seed={seed}"] if seed else [])
    for name, value in wanted.items():
        flag = {"mixed_precision": "amp"}.get(name, name).replace("_", "-")
        if value == preset[name] or name not in OPTIONS:
            continue
        if isinstance(value, bool):
            said.append(f"--{flag}" if value else f"--no-{flag}")
        else:
            text = ",".join(map(str, value)) if isinstance(value, tuple) else f"{value}"
            said += [f"--{flag}", text or "''"]
    return said


def _flat(settings: dict[str, Any]) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in settings.items():
        rows += _flat(value) if isinstance(value, dict) else [(name, value)]
    return rows
