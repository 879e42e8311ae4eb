"""The WebSocket `/view` of one page; view.py says what is sent.

The page says that it is ready, and what it wishes; it is sent the next snapshot once there is news, so a slow one skips
to the newest instead of falling behind.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from dashboard.board import Board, Viewer
from dashboard.budget import Budget
from dashboard.limits import MOST_SAID, Bucket, FullError, Visitors
from dashboard.privacy import Pictures, stricter
from dashboard.source import Picture
from dashboard.state import Snapshot
from dashboard.view import Chosen, Wish, common, pack, wish_of

_APART_S = 0.045
"""A viewer gets no more than some twenty snapshots a second."""
_AGED_S = 0.25
"""After this long a snapshot is made anew even without news, as it says how long things have lasted."""
_SAYS_PER_S = 50.0
_MALFORMED, _TOO_LONG, TRY_LATER = 1003, 1009, 1013

Develop = Callable[[str, Picture, Pictures], Awaitable[bytes | None]]
"""Makes the JPEG that may be shown of a source's picture; None if there is none to show."""


class Window:
    """What all pages are sent of a board; encoded once for all of them.

    Args:
        board: what is known.
        develop: makes pictures.
        clock: monotonic seconds.
        wall_ns: the wall clock.
        confident: faces detected with less confidence are drawn thin.
    """

    def __init__(
        self,
        board: Board,
        develop: Develop,
        clock: Callable[[], float],
        wall_ns: Callable[[], int],
        confident: float,
    ):
        self.board = board
        self.clock = clock
        self.develop = develop
        self._wall_ns = wall_ns
        self._confident = confident
        self._made: tuple[int, float, Snapshot, bytes] | None = None

    async def pane(self, budget: Budget, wish: Wish) -> bytes:
        """The next snapshot of one viewer."""
        now = self.clock()
        snapshot, said = self._common(now)
        level = stricter(wish.pictures, self.board.allowed)
        pictures = snapshot.shown(level)
        frames = {source: (one.result.epoch, one.result.seq) for source, one in pictures.items()}
        budget.forget(frames)
        chosen = []
        for source in budget.due(frames, wish.focus, now):
            budget.sent(source, frames[source], now)
            if jpeg := await self.develop(source, pictures[source], level):
                chosen.append(Chosen(source, pictures[source], jpeg))
        return pack(said, chosen, self._wall_ns())

    def knows(self, source: str) -> bool:
        """Whether there is such a source now."""
        return any(view.source == source for view in self._common(self.clock())[0].sources)

    def _common(self, now: float) -> tuple[Snapshot, bytes]:
        version = self.board.version
        if self._made is None or self._made[0] != version or now - self._made[1] > _AGED_S:
            snapshot = self.board.read(now)
            self._made = (version, now, snapshot, common(snapshot, self.board.allowed, self._confident))
        return self._made[2:]


def routes(window: Window, visitors: Visitors) -> APIRouter:
    """The route `/view`."""
    router = APIRouter()

    @router.websocket("/view")
    async def view(socket: WebSocket) -> None:
        await socket.accept()
        try:
            with visitors.enter():
                await _watch(socket, window)
        except FullError as full:
            await socket.close(TRY_LATER, str(full))

    return router


async def _watch(socket: WebSocket, window: Window) -> None:
    """Serve one viewer until it leaves or says what it must not."""
    news, ready = asyncio.Event(), asyncio.Event()
    news.set()
    loop = asyncio.get_running_loop()
    wishes = [Wish()]

    async def write() -> None:
        budget = Budget()
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await ready.wait()
                await news.wait()
                ready.clear()
                news.clear()
                await socket.send_bytes(await window.pane(budget, wishes[-1]))
                window.board.count_sent()
                await asyncio.sleep(_APART_S)

    with window.board.attach(Viewer(lambda: news.is_set() or loop.call_soon_threadsafe(news.set))) as viewer:
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(write())
            bucket = Bucket(_SAYS_PER_S, burst=20)
            while (code := await _said(socket, wishes)) == 0:
                viewer.pictures = wishes[-1].pictures
                ready.set()
                await asyncio.sleep(bucket.take(window.clock()))
            writer.cancel()
    if code != -1:
        await socket.close(code, "allowed is a JSON object with focus and pictures, of at most 4 KiB")


async def _said(socket: WebSocket, wishes: list[Wish]) -> int:
    """Put a viewer's next message in place of its wish; returns 0, -1 if it has left, or the code to close with."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        return -1
    text = message.get("text")
    if text is None:
        return _MALFORMED
    if len(text.encode()) > MOST_SAID:
        return _TOO_LONG
    try:
        wishes[:] = [wish_of(text)]
    except ValueError:
        return _MALFORMED
    return 0
