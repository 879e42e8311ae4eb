"""`report.html`: what a recording shows, as one page without scripts that needs nothing but itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from recorder import charts
from recorder.cards import badge, card, stays, table
from recorder.charts import Span, Stay, clock
from recorder.colours import LABEL_COLOURS
from recorder.film import check
from recorder.finished import Finished
from recorder.quality import findings
from recorder.readable import readable
from recorder.survey import Portrait, survey
from recorder.thumbnails import thumbnails
from recorder.together import Pair, pairs, stretches
from recorder.tracks import Person, people
from shared.files import replacing
from shared.settings import DEFAULTS

SHOWN_PEOPLE, PAIRED_PEOPLE, SHOWN_PAIRS = 24, 12, 10
"""Of more, those in the picture longest have a chart; the table has all."""
_BIN_S, _MOST_BINS = 0.25, 240
_TEMPLATE = Path(__file__).with_suffix(".html")
_DARK = ("angry", "disgust", "fear")  # labels whose colours need white letters


@dataclass(frozen=True)
class _Facts:
    """What the page is made of."""

    recording: Finished
    span: Span
    everybody: Sequence[Person]
    shown: Sequence[Person]
    portraits: dict[int, Portrait]
    pictures: dict[int, str]
    numbers: Sequence[tuple[float, float, int]]
    """Start and end in seconds, and how many people were there."""


def write_report(folder: Path, film: Path | None, *, images: bool = True) -> Path:
    """Write `report.html` into the folder of a finished recording; returns its path.

    Args:
        folder: the recording's.
        film: what it was made of, named on the page; None: there is no film (any more), so no pictures either.
        images: show a picture of each person, cut out of the film. Without, the film is not read.

    Raises:
        UnfinishedError: there is no finished recording.
        SourceError: the film cannot be read, or is not the one that was recorded.
    """
    facts = _facts(Finished(folder), film, images)
    page = Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(readable(film.name) if film else facts.recording.source or folder.name),
        colours=_colours(),
        facts=_figures(facts),
        legend=charts.legend(),
        overview=_overview(facts),
        people=_cards(facts),
        more=_more(facts),
        together=_together(facts),
        quality=_quality(facts),
        table=table(facts.everybody),
        run=_run(facts.recording),
    )
    path = folder / "report.html"
    with replacing(path) as part:
        part.write_text(page, encoding="utf-8")
    return path


def _facts(recording: Finished, film: Path | None, images: bool) -> _Facts:
    if film and images:
        check(recording, film)
    everybody = people(recording)
    longest = sorted(everybody, key=lambda person: (-person.seconds, person.track_id))[:SHOWN_PEOPLE]
    shown = sorted(longest, key=lambda person: person.track_id)
    frames = recording.frames
    bins = min(max(round(frames.seconds / _BIN_S), 1), _MOST_BINS)
    portraits = survey(recording, bins)
    views = {person.track_id: portraits[person.track_id].best for person in shown}
    span = Span(float(frames.pts[0]), float(frames.until[-1])) if len(frames.pts) else Span(0.0, 0.0)
    changes = stretches(episode for person in everybody for episode in person.episodes)
    numbers = [(start_s, end_s, len(there)) for start_s, end_s, there in changes]
    return _Facts(
        recording, span, everybody, shown, portraits, thumbnails(film, views) if film and images else {}, numbers
    )


def _figures(facts: _Facts) -> str:
    frames, size = facts.recording.frames, facts.recording.run.get("size")
    classified = sum(person.measured for person in facts.everybody)
    tiles = [
        ("length", clock(frames.seconds, 1)),
        ("frames", f"{len(frames.pts):,}"),
        ("picture", f"{size[0]} × {size[1]}" if size else "–"),
        ("people", f"{len(facts.everybody):,}"),
        ("measurements", f"{classified:,}"),
    ]
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in tiles)


def _overview(facts: _Facts) -> str:
    if not facts.everybody:
        return ""
    most = max(number for *_, number in facts.numbers)
    rows = "".join(
        f"<li>{badge(person.track_id)}{charts.strip(stays(person), facts.span, words=False)}</li>"
        for person in facts.shown
    )
    crowd = charts.crowd(facts.numbers, facts.span)
    count = f'<li><span class="who">0–{most}</span>{crowd}</li>' if most > 1 else ""
    return (
        f'<ul class="lanes">{rows}{count}<li><span class="who"></span>{charts.axis(facts.span)}</li></ul>'
        f"{_note(most > 1)}"
    )


def _note(several: bool) -> str:
    text = "Each bar is a label, as long as it stood; where there is none, the person was out of the picture."
    return f'<p class="note">{text}{" The lowest row counts the people in the picture." if several else ""}</p>'


def _cards(facts: _Facts) -> str:
    cards = (
        card(person, facts.portraits[person.track_id], facts.pictures.get(person.track_id), facts.span)
        for person in facts.shown
    )
    return "".join(cards) or f'<p class="panel">{_nobody(facts.recording.run["faces"])}</p>'


def _nobody(faces: int) -> str:
    if not faces:
        return "No face was found."
    return (
        f"{faces:,} faces were found, but nobody was seen for long enough to get a number; faces.parquet has them all."
    )


def _together(facts: _Facts) -> str:
    if len(facts.everybody) < 2:
        return ""
    paired = sorted(facts.shown, key=lambda person: -person.seconds)[:PAIRED_PEOPLE]
    episodes = (episode for person in paired for episode in person.episodes)
    found = pairs(episodes, [person.track_id for person in paired])[:SHOWN_PAIRS]
    if found:
        rows = "".join(_pair(pair, facts.span) for pair in found)
        content = (
            f'<ul class="lanes pairs">{rows}<li><span class="who"></span>{charts.axis(facts.span)}</li></ul>'
            '<p class="note">When two people were in the picture together: in colour where both had the same label, '
            "hatched where they differed. That both show the same does not say that one answers the other.</p>"
        )
    else:
        content = "<p>No two people were in the picture at the same time.</p>"
    return (
        '<section aria-labelledby="together"><h2 id="together">Together</h2>'
        f'<div class="panel">{content}</div></section>'
    )


def _pair(pair: Pair, span: Span) -> str:
    stays = [Stay(start_s, end_s, label or "differ") for start_s, end_s, label in pair.stretches]
    who = "".join(badge(track_id) for track_id in pair.people)
    words = f"<small>{pair.seconds:.1f} s, same label {charts.percent(pair.alike)}</small>"
    return f'<li><span class="who">{who}{words}</span>{charts.strip(stays, span, words=False)}</li>'


def _quality(facts: _Facts) -> str:
    run = facts.recording.run
    seen_s = sum(end_s - start_s for start_s, end_s, _ in facts.numbers)
    people = facts.everybody, facts.portraits
    joined = facts.recording.joined
    found = findings(facts.recording.frames, run.get("size"), *people, seen_s, run["warnings"], joined)
    if not found:
        return '<p class="note">Nothing stands out: faces are large and upright, and no frame was left out.</p>'
    rows = (
        f'<li class="{"matters" if finding.matters else "aside"}"><strong>{escape(finding.title)}</strong> '
        f"{escape(finding.text)}</li>"
        for finding in found
    )
    return f'<ul class="findings">{"".join(rows)}</ul>'


def _run(recording: Finished) -> str:
    run = recording.run
    rows = [
        ("input", readable(run["input"]["path"]), f"sha256 {run['input']['sha256']}" if run["input"]["sha256"] else ""),
        ("model", f"{run['model']['name']} {run['model']['version']}", f"sha256 {run['model']['sha256']}"),
        ("recorded", f"{run['started']}, in {run['seconds']:.1f} s", f"affectstream {run['version']}"),
    ]
    changed = ", ".join(f"{name} = {value}" for name, value in run["settings"].items() if not _is_shipped(name, value))
    rows += [
        ("settings", changed or "as shipped", "run.json has all; faces.parquet and frames.parquet have every frame")
    ]
    return "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(what)}<small>{escape(more)}</small></dd></div>"
        for name, what, more in rows
    )


def _is_shipped(name: str, value: object) -> bool:
    """Whether a setting in `run.json`, where tuples are lists, has its default."""
    default = getattr(DEFAULTS, name, None)
    return bool(value == (list(default) if isinstance(default, tuple) else default))


def _more(facts: _Facts) -> str:
    others = len(facts.everybody) - len(facts.shown)
    return f'<p class="note">{others} more people, in the picture for a shorter time, are in the table.</p>' * (
        others > 0
    )


def _colours() -> str:
    """A class for each label."""
    return "\n".join(
        f".{label} {{ --label: {colour}; --ink: {'#fff' if label in _DARK else '#14181d'}; }}"
        for label, colour in LABEL_COLOURS.items()
    )
