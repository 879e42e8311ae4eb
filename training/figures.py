"""Plots of a model's quality: confusion matrix, calibration curve, worst mistakes."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from shared.messages import EMOTIONS
from training.data import Faces
from training.metrics import bins

MISTAKES = 40


def confusion(counts: list[list[int]], path: Path) -> None:
    """Plots a confusion matrix: rows are true classes, shades are shares of the row."""
    matrix = np.array(counts)
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    figure = Figure(figsize=(6, 5.4), layout="constrained")
    axes = figure.add_subplot(
        xlabel="predicted", ylabel="true", xticks=range(len(EMOTIONS)), yticks=range(len(EMOTIONS))
    )
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticklabels(EMOTIONS, rotation=45, ha="right")
    axes.set_yticklabels(EMOTIONS)
    for (row, column), share in np.ndenumerate(shares):
        axes.text(column, row, f"{share:.0%}", ha="center", va="center", color="white" if share > 0.5 else "black")
    _write(figure, path)


def calibration(probs: np.ndarray, labels: np.ndarray, path: Path) -> None:
    """Plots accuracy against mean confidence, by bins of confidence."""
    confidence, accuracy, share = bins(probs, labels)
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.add_subplot(xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    axes.plot([0, 1], [0, 1], "--", color="grey")
    axes.scatter(confidence, accuracy, s=20 + 800 * share)
    _write(figure, path)


def mistakes(faces: Faces, probs: np.ndarray, path: Path) -> None:
    """Plots the images whose true class got the lowest probability."""
    worst = np.argsort(probs[np.arange(len(faces)), faces.labels])[:MISTAKES]
    figure = Figure(figsize=(12, 8), layout="constrained")
    for place, index in enumerate(worst):
        axes = figure.add_subplot(5, 8, place + 1)
        axes.imshow(faces.images[index], cmap="gray", vmin=0, vmax=255)
        axes.set_title(f"{EMOTIONS[faces.labels[index]]}, predicted {EMOTIONS[probs[index].argmax()]}", fontsize=7)
        axes.axis("off")
    _write(figure, path)


def _write(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    figure.savefig(path)
