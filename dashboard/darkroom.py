"""Makes the pictures that viewers may see: each once for all viewers, and only when one of them wants it."""

import asyncio

from dashboard.privacy import Pictures, stricter
from dashboard.source import Picture
from dashboard.veil import veiled

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

        Where the faces of a frame are not known, none can be blurred, so that there is no blurred picture of it.
        """
        level = stricter(level, self._allowed)
        if level == "shown":
            return picture.jpeg
        if level == "none" or picture.result.size is None:
            return None
        frame = (picture.result.epoch, picture.result.seq)
        made = self._made.get(source)
        if made is None or made[0] != frame:
            made = self._made[source] = (frame, asyncio.create_task(self._veil(picture, picture.result.size[0])))
        return await asyncio.shield(made[1])

    def forget(self) -> None:
        """Drop all pictures, as nobody watches."""
        self._made.clear()

    async def _veil(self, picture: Picture, width: int) -> bytes | None:
        async with self._busy:
            return await asyncio.to_thread(veiled, picture.jpeg, width, picture.faces)
