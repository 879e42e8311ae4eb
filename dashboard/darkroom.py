"""Makes the pictures that viewers may see: each once for all viewers, and only when one of them wants it."""

import asyncio

from dashboard.privacy import Pictures, stricter
from dashboard.source import Picture, limit
from dashboard.state import MOST_SOURCES
from dashboard.veil import veiled
from shared.messages import Box

_MOST_KEPT = MOST_SOURCES
_AT_ONCE = 2
"""Pictures made at a time, each in a thread of its own."""


class Darkroom:
    """The last gate before a picture leaves; `allowed` is the most that anybody is shown.

    It belongs to one event loop.
    """

    def __init__(self, allowed: Pictures) -> None:
        self._allowed = allowed
        self._made: dict[str, tuple[tuple[int, int], asyncio.Task[bytes | None]]] = {}
        self._busy = asyncio.Semaphore(_AT_ONCE)

    async def develop(self, source: str, picture: Picture, level: Pictures) -> bytes | None:
        """The JPEG of a source's picture as shown at this level; None if there is none to show.

        Where the faces of a frame are not known, none can be blurred, and there is no blurred picture of it.
        """
        level = stricter(level, self._allowed)
        if level == "shown":
            return picture.jpeg
        if level == "none" or picture.faces is None or picture.result.size is None:
            return None
        frame = (picture.result.epoch, picture.result.seq)
        made = self._made.get(source)
        if made is None or made[0] != frame or made[1].cancelled():
            making = asyncio.create_task(self._veil(picture.jpeg, picture.result.size[0], picture.faces))
            made = self._made[source] = (frame, making)
            limit(self._made, _MOST_KEPT)
        return await asyncio.shield(made[1])

    async def _veil(self, jpeg: bytes, width: int, faces: list[Box]) -> bytes | None:
        async with self._busy:
            return await asyncio.to_thread(veiled, jpeg, width, faces)
