"""The report's charts as HTML with inline SVG, stretched to the page's width. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.messages import EMOTIONS

_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
PIECES = 600
"""As many bars can be told apart."""
_TICKS = 6
_ROOM = 12.0  # percent of the width in which a label's word fits on a telephone, too
_CUT = 94.0  # percent of the width behind which a time would be cut off


class Span(NamedTuple):
    """The time that a chart shows, in seconds."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """Its length, never 0."""
        return max(self.end_s - self.start_s, 1e-9)

    def percent(self, at_s: float) -> float:
        """Where a moment lies, in percent of the width."""
        return 100 * (at_s - self.start_s) / self.seconds


class Stay(NamedTuple):
    """A stretch of time in seconds and its label; None: there without one."""

    start_s: float
    end_s: float
    label: str | None


def clock(seconds: float, decimals: int = 0) -> str:
    """As in `0:07`, `12:30` or `1:02:03`; with decimals, `0:07.5`."""
    whole, part = divmod(round(seconds * 10**decimals), 10**decimals)
    minutes, s = divmod(whole, 60)
    hours, m = divmod(minutes, 60)
    text = f"{hours}:{m:02}:{s:02}" if hours else f"{m}:{s:02}"
    return f"{text}.{part:0{decimals}}" if decimals else text


def axis(span: Span) -> str:
    """Times below a chart."""
    step_s = next((step for step in _STEPS_S if span.seconds / step <= _TICKS), 3600 * 24)
    first = int(np.ceil(span.start_s / step_s - 1e-6))
    last = int(np.floor(span.end_s / step_s + 1e-6))
    ticks = (
        f'<span style="left:{span.percent(number * step_s):.2f}%">{clock(number * step_s, int(step_s < 1))}</span>'
        for number in range(first, last + 1)
        if span.percent(number * step_s) < _CUT
    )
    return f'<div class="axis" aria-hidden="true">{"".join(ticks)}</div>'


def strip(stays: Iterable[Stay], span: Span, *, words: bool = True) -> str:
    """Labels over time, each as a bar in its colour, with its word where there is room.

    Of more than PIECES, each PIECES-th of the time has the label that stands longest in it.
    """
    return f'<div class="strip">{"".join(_bar(stay, span, words) for stay in coarse(list(stays), span))}</div>'


def coarse(stays: Sequence[Stay], span: Span) -> Sequence[Stay]:
    """The same if there are no more than PIECES; else as `strip` says. A piece that is mostly empty stays so."""
    if len(stays) <= PIECES:
        return stays
    width_s = span.seconds / PIECES
    stood: list[dict[str | None, float]] = [defaultdict(float) for _ in range(PIECES)]
    for stay in stays:
        for cell, start_s, end_s in _cells(stay.start_s, stay.end_s, span):
            stood[cell][stay.label] += end_s - start_s
    found: list[Stay] = []
    for cell, times in enumerate(stood):
        if sum(times.values()) < width_s / 2:
            continue
        start_s, label = span.start_s + cell * width_s, max(times, key=lambda label: times[label])
        if found and found[-1].label == label and start_s - found[-1].end_s < width_s / 2:
            start_s = found.pop().start_s
        found.append(Stay(start_s, span.start_s + (cell + 1) * width_s, label))
    return found


def _cells(start_s: float, end_s: float, span: Span) -> Iterator[tuple[int, float, float]]:
    """The PIECES-ths of the time that an interval touches, each with the part of it inside."""
    width_s = span.seconds / PIECES
    for cell in range(int((start_s - span.start_s) / width_s), PIECES):
        left_s = span.start_s + cell * width_s
        if left_s >= end_s:
            return
        yield cell, max(start_s, left_s), min(end_s, left_s + width_s)


def _bar(stay: Stay, span: Span, words: bool) -> str:
    width = span.percent(stay.end_s) - span.percent(stay.start_s)
    name = stay.label or "no label yet"
    title = f"{name}, {clock(stay.start_s, 1)} to {clock(stay.end_s, 1)} ({stay.end_s - stay.start_s:.1f} s)"
    place = f"left:{span.percent(stay.start_s):.3f}%;width:{width:.3f}%"
    word = escape(name) if words and stay.label and width > _ROOM else ""
    return f'<i class="{escape(stay.label or "none")}" style="{place}" title="{escape(title)}">{word}</i>'


def ribbon(means: NDArray[np.float64], description: str) -> str:
    """Mean probabilities over time, stacked; a gap where there are none.

    Args:
        means: (bins, 7), NaN where nothing was measured.
        description: what it shows, in words.
    """
    tops = 100 * np.concatenate((np.zeros((len(means), 1)), np.cumsum(means, axis=1)), axis=1)
    runs = [list(run) for known, run in groupby(range(len(means)), lambda i: not np.isnan(means[i, 0])) if known]
    paths = (
        f'<path class="{label}" d="{"".join(_area(tops[:, index], tops[:, index + 1], run) for run in runs)}"/>'
        for index, label in enumerate(EMOTIONS)
    )
    return _svg("ribbon", len(means), 100, "".join(paths), description)


def crowd(stretches: Sequence[tuple[float, float, int]], span: Span) -> str:
    """How many people are there over time, from (start, end, number) in seconds: the most in each PIECES-th of it."""
    numbers = [0] * PIECES
    for start_s, end_s, number in stretches:
        for cell, _, _ in _cells(start_s, end_s, span):
            numbers[cell] = max(numbers[cell], number)
    most = max(*numbers, 1)
    steps = "".join(f"V{most - number}H{cell + 1}" for cell, number in enumerate(numbers))
    path = f'<path d="M0 {most}{steps}V{most}Z"/>'
    return _svg("crowd", PIECES, most, path, f"number of people in the picture, at most {most}")


def shares(of: Mapping[str, float]) -> str:
    """Shares by label as one bar, and in words, the largest first."""
    bars = "".join(
        f'<i class="{label}" style="width:{100 * share:.3f}%" title="{label} {share:.1%}"></i>'
        for label, share in of.items()
        if share > 0
    )
    words = "".join(
        f'<li><b class="{label}"></b>{label} <span>{percent(share)}</span></li>'
        for label, share in sorted(of.items(), key=lambda item: -item[1])
        if share > 0
    )
    return f'<div class="shares" aria-hidden="true">{bars}</div><ul class="legend">{words}</ul>'


def legend() -> str:
    """The colours of all labels."""
    return f'<ul class="legend">{"".join(f"<li><b class={label}></b>{label}</li>" for label in EMOTIONS)}</ul>'


def gauge(value: float) -> str:
    """A number from -1 to 1 on a scale."""
    return f'<span class="gauge" aria-hidden="true"><i style="left:{50 + 50 * value:.1f}%"></i></span>'


def percent(share: float) -> str:
    """As in `64 %`; what would round to 0 and is none as `< 1 %`, in HTML."""
    return "&lt;\u00a01\u00a0%" if 0 < share < 0.005 else f"{100 * share:.0f}\u00a0%"


def _area(low: NDArray[np.float64], high: NDArray[np.float64], run: Sequence[int]) -> str:
    """The steps along the top of a run of bins, and back along its bottom."""

    def steps() -> Iterator[str]:
        yield f"M{run[0]} {high[run[0]]:.1f}"
        yield from (f"V{high[i]:.1f}H{i + 1}" for i in run)
        yield from (f"V{low[i]:.1f}H{i}" for i in reversed(run))
        yield "Z"

    return "".join(steps())


def _svg(kind: str, width: int, height: int, content: str, description: str) -> str:
    box = f'viewBox="0 0 {width} {height}" preserveAspectRatio="none"'
    return f'<svg class="{kind}" {box} role="img" aria-label="{escape(description)}">{content}</svg>'
