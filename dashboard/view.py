"""The messages of `/view`: what a page wishes, and what it is sent. Pure.

A snapshot is one binary message: the length of its JSON (4 bytes, big-endian), the JSON, then the JPEGs listed in its
`pictures` with their `bytes`, in that order.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from dashboard.condition import waiting_for
from dashboard.privacy import Pictures
from dashboard.source import Picture
from dashboard.state import Snapshot
from shared.messages import EMOTIONS


class Wish(msgspec.Struct, frozen=True):
    """What a page says when it is ready for the next snapshot: the source it looks at, and how much of the pictures."""

    focus: str | None = None
    pictures: Pictures = "shown"


class Chosen(NamedTuple):
    """A picture to send: the JPEG that this viewer gets of it."""

    source: str
    picture: Picture
    jpeg: bytes


_wishes = msgspec.json.Decoder(Wish)


def wish_of(said: str) -> Wish:
    """A page's message; raises ValueError if it is none."""
    return _wishes.decode(said)  # a DecodeError is a ValueError


def common(snapshot: Snapshot, allowed: Pictures, confident: float) -> bytes:
    """What every viewer is sent: an unfinished JSON object, to be finished by `pack`."""
    health = snapshot.health()
    facts: dict[str, Any] = {
        "emotions": EMOTIONS,
        "confident": confident,
        "pictures_allowed": allowed,
        "health": {"status": health.status, "problems": health.problems, "warnings": health.warnings},
        "waiting": f"Not ready: {waiting_for(snapshot.missing)}." if snapshot.missing else "Everything is ready.",
        "sources": snapshot.sources,
        "stages": snapshot.stages,
        "latency": snapshot.latency,
        "processes": snapshot.processes,
    }
    return msgspec.json.encode(facts)[:-1]


def pack(common: bytes, chosen: Sequence[Chosen], wall_ns: int) -> bytes:
    """The snapshot of one viewer; `wall_ns`: the wall clock, by which the age of its pictures is told."""
    pictures = [
        {
            "source": one.source,
            "bytes": len(one.jpeg),
            "result": one.picture.result,
            "age_ms": round(max(0, wall_ns - one.picture.result.captured_ns) / 1e6, 1),
        }
        for one in chosen
    ]
    header = b"".join((common, b',"pictures":', msgspec.json.encode(pictures), b"}"))
    return b"".join((len(header).to_bytes(4, "big"), header, *(one.jpeg for one in chosen)))
