"""The WebSocket `/ws`: every result in order as JSON text, for programs."""

import asyncio
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from dashboard.feed import Feed, Taken
from dashboard.limits import Bucket, FullError, Visitors
from dashboard.viewer import TRY_LATER, Window

_SAYS_PER_S = 10.0


def told(taken: Taken) -> str:
    """A result as sent over `/ws`: that of the bus, with `missed`."""
    return (taken.heard.json[:-1] + b',"missed":%d}' % taken.missed).decode()


def routes(window: Window, visitors: Visitors) -> APIRouter:
    """The route `/ws`."""
    router = APIRouter()

    @router.websocket("/ws")
    async def results(socket: WebSocket, source: Annotated[list[str] | None, Query()] = None) -> None:
        await socket.accept()
        try:
            with visitors.enter():
                await _follow(socket, window, source)
        except FullError as full:
            await socket.close(TRY_LATER, str(full))

    return router


async def _follow(socket: WebSocket, window: Window, sources: Iterable[str] | None) -> None:
    """Send results until the program leaves; what it says is read and means nothing."""
    news, loop = asyncio.Event(), asyncio.get_running_loop()
    feed = Feed(lambda: news.is_set() or loop.call_soon_threadsafe(news.set), sources)

    async def write() -> None:
        try:
            while True:
                await news.wait()
                news.clear()
                while taken := feed.take():
                    await socket.send_text(told(taken))
        except WebSocketDisconnect:
            return

    with window.board.follow(feed):
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(write())
            bucket = Bucket(_SAYS_PER_S, burst=20)
            while (await socket.receive())["type"] != "websocket.disconnect":
                await asyncio.sleep(bucket.take(window.clock()))
            writer.cancel()
