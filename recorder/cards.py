"""What the report says of single people: a card each, and a row of the table. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recorder import charts
from recorder.charts import Span, Stay, clock
from recorder.colours import colour_of
from recorder.survey import Portrait
from recorder.tracks import Person
from shared.messages import EMOTIONS

_SHORT_S = 60.0  # films below have tenths of seconds
_TELLING_S = 10.0  # the least time that gives a rate


def card(person: Person, portrait: Portrait, picture: str | None, span: Span) -> str:
    """A person's picture (a `data:` URL), facts, shares and timeline."""
    image = f'<img src="{picture}" alt="Person {person.track_id}" width="88" height="88">' if picture else ""
    ribbon = charts.ribbon(_held(portrait.means, person, span), f"probabilities of person {person.track_id}")
    shares = charts.shares(person.shares) if person.shares else '<p class="note">Never classified.</p>'
    rows = _facts(person, span.seconds)
    return f"""<article class="person" style="--who:{colour_of(person.track_id)}" id="person-{person.track_id}">
<header>{image}<div><h3>Person {person.track_id}</h3><dl class="facts">{rows}</dl></div></header>
{shares}
<div class="timeline">{ribbon}{charts.strip(stays(person), span)}{charts.axis(span)}</div>
</article>"""


def table(everybody: Sequence[Person]) -> str:
    """Everybody, a row each."""
    rows = "".join(
        f'<tr><th scope="row">{badge(person.track_id)}</th><td>{clock(person.first_pts, 1)}</td>'
        f"<td>{person.seconds:.1f} s</td><td>{person.measured}</td>{_cells(person)}<td>{person.changes}</td>"
        f"<td>{'–' if person.valence is None else _signed(person.valence)}</td><td>{person.face_px:.0f}</td></tr>"
        for person in everybody
    )
    heads = ("first seen", "in the picture", "measured", *EMOTIONS, "changes", "valence*", "face, px")
    names = "".join(f'<th scope="col">{name}</th>' for name in heads)
    return f'<table><thead><tr><th scope="col">person</th>{names}</tr></thead><tbody>{rows}</tbody></table>'


def badge(track_id: int) -> str:
    """A person's number on their colour."""
    return f'<span class="badge" style="--who:{colour_of(track_id)}">{track_id}</span>'


def stays(person: Person) -> list[Stay]:
    """When a person was in the picture, by label."""
    return [Stay(episode.start_s, episode.end_s, episode.label) for episode in person.episodes]


def _facts(person: Person, seconds: float) -> str:
    decimals = int(seconds < _SHORT_S)
    first, last = (clock(pts, decimals) for pts in (person.first_pts, person.last_pts))
    is_telling = person.changes and person.seconds >= _TELLING_S
    rate = f", {person.changes / person.seconds * 60:.0f} a minute" if is_telling else ""
    rows = [
        ("in the picture", f"{person.seconds:.1f} s, {first}–{last}"),
        ("measured", f"{person.measured:,} of {person.frames:,} frames"),
        ("changes of label", f"{person.changes or 'none'}{rate}"),
        ("size of the face", f"{person.face_px:.0f} px"),
    ]
    if person.valence is not None:
        rows.append(("valence derived from labels", f"{charts.gauge(person.valence)}{_signed(person.valence)}"))
    return "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in rows)


def _cells(person: Person) -> str:
    """Shares by label, the largest set off."""
    if not person.shares:
        return "<td>–</td>" * len(EMOTIONS)
    most = max(person.shares.values())
    return "".join(
        f"<td class={'most' if share == most else 'some' if share else 'zero'}>{charts.percent(share)}</td>"
        for share in person.shares.values()
    )


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−").replace("+0.00", "0.00").replace("−0.00", "0.00")


def _held(means: NDArray[np.float64], person: Person, span: Span) -> NDArray[np.float64]:
    """(bins, 7) means over time, each standing until the next one while the person is in the picture."""
    held, place = means.copy(), span.start_s + (np.arange(len(means)) + 0.5) * span.seconds / len(means)
    there = np.zeros(len(means), bool)
    for episode in person.episodes:
        there |= (episode.start_s <= place) & (place < episode.end_s)
    for after in range(1, len(means)):
        if there[after] and np.isnan(held[after, 0]):
            held[after] = held[after - 1]
    return held
