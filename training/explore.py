"""Presents a data set on one HTML page: its contents and defects, and the effect of preprocessing and augmentation.

python -m training.explore fer2013.zip --out runs/explore
"""

import argparse
import base64
import html
import io
import sys
from dataclasses import replace
from pathlib import Path
from string import Template

import cv2
import msgspec
import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from classifier.architectures import ARCHITECTURES
from classifier.preprocess import CROP_SIDE, InputSpec, prepare
from shared.messages import EMOTIONS
from training import command
from training.augment import Augmentation, augment
from training.data import Faces, leakage, load
from training.recipes import PRESETS, Recipe

SAMPLES = 8
NONE = Augmentation(flip=0.0)
PAGE = Template("""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>$title</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
img { max-width: 100% }
</style>
<h1>$title</h1>
$sections
</html>
""")

Section = tuple[str, str, Figure]
"""A heading, a sentence or two, and a figure."""


def page(splits: dict[str, Faces], recipe: Recipe, title: str, seed: int) -> str:
    """The whole report as one HTML page with embedded figures."""
    train = splits["train"]
    spec, rng = ARCHITECTURES[recipe.architecture].input, np.random.default_rng(seed)
    sections = [
        balance(splits),
        samples(train, rng),
        mean_faces(train),
        pixel_statistics(train),
        duplicates(splits),
        preprocessing(train, spec, rng),
        augmentation(train, recipe, spec, rng),
    ]
    return PAGE.substitute(title=html.escape(title), sections="\n".join(_html(*section) for section in sections))


def balance(splits: dict[str, Faces]) -> Section:
    """The number of images per class and its share of the split."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    for place, (name, faces) in enumerate(splits.items(), 1):
        counts = np.bincount(faces.labels, minlength=len(EMOTIONS))
        axes = figure.add_subplot(1, len(splits), place, title=f"{name}, {len(faces)} images")
        axes.bar_label(axes.barh(EMOTIONS, counts), [f"{n} ({n / len(faces):.1%})" for n in counts], padding=3)
        axes.margins(x=0.35)
        axes.invert_yaxis()
    counts = np.bincount(splits["train"].labels, minlength=len(EMOTIONS))
    most, least = EMOTIONS[counts.argmax()], EMOTIONS[counts.argmin()]
    return (
        "Class balance",
        f"In train, {most} has {counts.max() / counts.min():.1f} times as many images as {least}.",
        figure,
    )


def samples(faces: Faces, rng: np.random.Generator) -> Section:
    """Random images of each class."""
    figure = Figure(figsize=(SAMPLES, len(EMOTIONS)), layout="constrained")
    for row, label in enumerate(EMOTIONS):
        mine = np.flatnonzero(faces.labels == row)
        for column, index in enumerate(rng.choice(mine, min(SAMPLES, len(mine)), replace=False)):
            _show(figure, faces.images[index], (len(EMOTIONS), SAMPLES), row, column, "" if column else label)
    return "Samples", f"Up to {SAMPLES} random training images of each class.", figure


def mean_faces(faces: Faces) -> Section:
    """The mean image of each class, and its difference from the mean over the classes."""
    figure = Figure(figsize=(len(EMOTIONS) * 1.4, 3.2), layout="constrained")
    means = [faces.images[faces.labels == index].mean(0) for index in range(len(EMOTIONS))]
    difference = np.array(means) - np.mean(means, 0)
    limit = max(np.abs(difference).max(), 1e-6)
    for column, (label, mean) in enumerate(zip(EMOTIONS, means, strict=True)):
        _show(figure, mean, (2, len(EMOTIONS)), 0, column, label)
        axes = figure.add_subplot(2, len(EMOTIONS), len(EMOTIONS) + column + 1)
        axes.imshow(difference[column], cmap="RdBu", vmin=-limit, vmax=limit)
        axes.axis("off")
    text = (
        "Top: the mean image of each class. Bottom: its difference from the mean over all classes, "
        f"at most {limit:.0f}; red is darker."
    )
    return "Mean faces", text, figure


def pixel_statistics(faces: Faces) -> Section:
    """The grey values of all images together, and the mean and contrast of each image."""
    figure = Figure(figsize=(12, 3), layout="constrained")
    counts = np.bincount(faces.images.ravel(), minlength=256)
    axes = figure.add_subplot(1, 3, 1, title="grey values of all pixels")
    axes.fill_between(range(256), counts / counts.sum(), step="mid")
    means, spreads = faces.images.mean((1, 2)), faces.images.std((1, 2))
    for place, (name, values) in enumerate((("mean", means), ("standard deviation", spreads)), 2):
        figure.add_subplot(1, 3, place, title=f"{name} of an image").hist(values, bins=50)
    mean = float((counts * np.arange(256)).sum() / counts.sum())
    spread = float(np.sqrt((counts * (np.arange(256) - mean) ** 2).sum() / counts.sum()))
    text = f"Mean grey {mean:.1f}, standard deviation {spread:.1f} of 255; {int(faces.blank().sum())} blank images."
    return "Pixel statistics", text, figure


def duplicates(splits: dict[str, Faces]) -> Section:
    """The images that occur most often, with their labels."""
    groups: dict[str, list[tuple[str, int]]] = {}
    for name, faces in splits.items():
        for index, digest in enumerate(faces.hashes()):
            groups.setdefault(digest, []).append((name, index))
    most = sorted((group for group in groups.values() if len(group) > 1), key=len, reverse=True)[:SAMPLES]
    figure = Figure(figsize=(SAMPLES * 1.4, 2), layout="constrained")
    for column, group in enumerate(most):
        labels = {EMOTIONS[splits[name].labels[index]] for name, index in group}
        name, index = group[0]
        _show(
            figure, splits[name].images[index], (1, SAMPLES), 0, column, f"{len(group)}x\n{', '.join(sorted(labels))}"
        )
    found = leakage(splits["train"], splits["validation"])
    text = "; ".join(f"{name.replace('_', ' ')}: {count}" for name, count in found.items())
    return "Duplicates", f"Pixel-identical images. {text}. The largest groups:", figure


def preprocessing(faces: Faces, spec: InputSpec, rng: np.random.Generator) -> Section:
    """One face at several sizes: as cropped by the detector, and after each preprocessing step."""
    image = faces.images[rng.integers(len(faces))]
    sides = (96, 48, 24, 12)
    figure = Figure(figsize=(len(sides) * 2, len(STEPS) * 2.1), layout="constrained")
    for column, side in enumerate(sides):
        face = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        for row, (name, picture) in enumerate(zip(STEPS, _steps(face, spec), strict=True)):
            title = f"{name}, {picture.shape[0]}x{picture.shape[1]}"
            _show(figure, picture, (len(STEPS), len(sides)), row, column, title)
    text = (
        f"One face at several sizes. From top to bottom: the detector's crop, {CROP_SIDE} box heights wide; the view "
        f"cut out of it, {spec.view} box heights wide; the view scaled down to {spec.detail} pixels if it is larger; "
        f"and the network's input, resized to {spec.size}, (value / 255 − {spec.mean}) / {spec.std}."
    )
    return "Preprocessing", text, figure


STEPS = ("crop", "view", "detail", "input")


def _steps(face: np.ndarray, spec: InputSpec) -> list[np.ndarray]:
    """The detector's crop of a face that fills the view, and the result of each step of `prepare`."""
    border = round(len(face) * (CROP_SIDE / spec.view - 1) / 2)
    crop = cv2.copyMakeBorder(face, border, border, border, border, cv2.BORDER_REPLICATE)
    same = msgspec.structs.replace(spec, mean=0.0, std=1.0)
    view = msgspec.structs.replace(same, size=len(face), detail=0)
    detail = min(spec.detail or len(face), len(face))
    steps = (prepare([crop], one)[0, 0] for one in (view, msgspec.structs.replace(same, size=detail), same))
    return [crop, *(step * 255 for step in steps)]


def augmentation(faces: Faces, recipe: Recipe, spec: InputSpec, rng: np.random.Generator) -> Section:
    """Images without augmentation, with each step of the recipe's augmentation alone, and with all of them."""
    rows = single_steps(recipe.augmentation)
    images = torch.from_numpy(faces.images[rng.integers(len(faces), size=SAMPLES)])
    figure = Figure(figsize=(SAMPLES, len(rows)), layout="constrained")
    for row, (name, how) in enumerate(rows.items()):
        pictures = augment(images, spec.size, how, torch.Generator().manual_seed(row))[:, 0].numpy() * 255
        for column, picture in enumerate(pictures):
            _show(figure, picture, (len(rows), SAMPLES), row, column, "" if column else name)
    text = f"The same images in every row: unchanged, with each step of {recipe.architecture}'s recipe, and with all."
    return "Augmentation", text, figure


def single_steps(how: Augmentation) -> dict[str, Augmentation]:
    """No augmentation, each step that is enabled on its own, and all of them together."""
    steps = {name: replace(NONE, **{name: amount}) for name, amount in vars(how).items() if amount}
    return {"before": NONE, **steps, "all": how}


def _show(figure: Figure, image: np.ndarray, grid: tuple[int, int], row: int, column: int, title: str) -> None:
    axes = figure.add_subplot(*grid, row * grid[1] + column + 1)
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.set_title(title, fontsize=8)
    axes.axis("off")


def _html(heading: str, text: str, figure: Figure) -> str:
    FigureCanvasAgg(figure)
    content = io.BytesIO()
    figure.savefig(content, format="png")
    encoded = base64.b64encode(content.getvalue()).decode()
    heading, text = html.escape(heading), html.escape(text)
    return f'<h2>{heading}</h2>\n<p>{text}</p>\n<img alt="{heading}" src="data:image/png;base64,{encoded}">'


def main() -> int:
    """Entry point."""
    return command.run("training.explore", lambda: _explore(_arguments()))


def _explore(arguments: argparse.Namespace) -> None:
    splits = load(arguments.data)
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "explore.html"
    path.write_text(page(splits, PRESETS[arguments.preset], f"The images in {arguments.data.name}", arguments.seed))
    print(f"wrote {path}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.explore", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="what training.data reads, or the fer2013.npz it writes")
    parser.add_argument("--out", type=Path, default=Path("runs/explore"), help="where to write explore.html")
    parser.add_argument(
        "--preset",
        choices=sorted(PRESETS),
        default="emotion-cnn",
        help="whose recipe is shown (default: emotion-cnn)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed for drawing the samples (default: 0)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
