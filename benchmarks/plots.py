"""Pictures of the rows that grow with a number."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.measure import Row

GROWING = {
    "faces": "faces in a frame",
    "size": "height of the frame, pixels",
    "sources": "sources",
    "workers": "classifiers",
}


def draw(rows: Iterable[Row], folder: Path) -> list[Path]:
    """One PNG for each subject that has at least two rows with a number; returns the files."""
    known = list(rows)
    drawn = []
    for subject, label in GROWING.items():
        points = [
            (int(match[1]), row)
            for row in known
            if (match := re.fullmatch(rf"{subject}/(\d+)p?", row.name)) is not None
        ]
        if len(points) > 1:
            drawn.append(_draw(folder / f"{subject}.png", label, sorted(points, key=lambda point: point[0])))
    return drawn


def _draw(path: Path, label: str, points: Sequence[tuple[int, Row]]) -> Path:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    across = [number for number, _ in points]
    axes.plot(across, [row.ours for _, row in points], "o-", label="affectstream")
    axes.plot(across, [row.reference or 0.0 for _, row in points], "o--", label="reference")
    axes.set_xticks(across)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(label)
    axes.set_ylabel(points[0][1].unit)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
    return path
