"""Two sides measured in turn in one process run, and the row that says how they compare."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

LESS_IS_BETTER = frozenset({"ms", "s", "MB", "% skipped"})


@dataclass(frozen=True)
class Row:
    """One comparison. `reference` is None where there is nothing to compare with."""

    name: str
    ours: float
    reference: float | None
    unit: str

    @property
    def ratio(self) -> float | None:
        """How many times better ours is; None without a reference or where a side is 0."""
        if not self.reference or not self.ours:
            return None
        return self.reference / self.ours if self.unit in LESS_IS_BETTER else self.ours / self.reference

    def as_json(self) -> dict[str, str | float | None]:
        """The row as `--json` prints it, rounded to what can be told apart."""
        return {
            "name": self.name,
            "ours": _rounded(self.ours),
            "reference": _rounded(self.reference),
            "unit": self.unit,
            "ratio": _rounded(self.ratio),
        }

    def __str__(self) -> str:
        reference = "" if self.reference is None else f"{self.reference:.4g}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}x"
        return f"{self.name:52}{self.ours:>10.4g}{reference:>12}  {self.unit:10}{ratio:>8}"


def alternate(
    ours: Callable[[], float], reference: Callable[[], float], rounds: int, warm_ups: int = 0
) -> tuple[float, float]:
    """Call both sides in turn; the medians of the figures they return, without those of the first `warm_ups` rounds.

    Taking turns spreads a change of the machine's speed over both sides.
    """
    figures = [(ours(), reference()) for _ in range(warm_ups + rounds)][warm_ups:]
    mine, its = zip(*figures, strict=True)
    return median(mine), median(its)


def milliseconds(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> Callable[[], float]:
    """A side whose figure is the time that `call` takes."""

    def side() -> float:
        start = clock()
        call()
        return (clock() - start) * 1000

    return side


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
