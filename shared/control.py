"""What a capture is told while it runs, as frozen structs: sources to open and close, and frames of viewers' cameras.

See messages.py.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.messages import Message, SourceName

PUSHED = "pushed"
"""The spec of a source whose frames come as `camera/<source>/`."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """How to open a source: `spec` as in AFFECT_CAPTURE_SOURCE, or PUSHED; the others as the settings of that name."""

    spec: Annotated[str, Meta(max_length=4096)]
    mode: Literal["live", "replay"] = "live"
    at_end: Literal["loop", "hold"] = "hold"
    ack: Literal["smoother", "recorder"] = "smoother"


class Control(Message, frozen=True, kw_only=True):
    """`control/<process>/`: the capture of this name is to have a source, or (`opening` None) to have it no more.

    The sender repeats it every second until the capture's status agrees: a request that is already met changes nothing.
    """

    process: Annotated[str, Meta(max_length=128)]
    source: SourceName
    opening: Opening | None


class CameraFrame(Message, frozen=True, kw_only=True):
    """`camera/<source>/`: a frame of a PUSHED source as JPEG; `captured_ns` becomes that of its result."""

    source: SourceName
    captured_ns: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    jpeg: bytes
