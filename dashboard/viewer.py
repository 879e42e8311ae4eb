"""The WebSocket protocol of one viewer.

One binary message per snapshot: the length of its JSON (4 bytes, big-endian), the JSON, then the JPEGs listed in its
`pictures` with their `bytes`, in that order. The next one is sent once the viewer has answered (anything) and there is
news, so a slow viewer skips to the newest instead of falling behind.
"""

import asyncio
import contextlib
from collections.abc import Callable

import msgspec
from fastapi import WebSocket, WebSocketDisconnect

from dashboard.board import Board
from dashboard.condition import waiting_for
from dashboard.state import Snapshot
from shared.messages import EMOTIONS

Sent = dict[str, tuple[int, int]]
"""The (epoch, seq) of the picture a viewer has, by source."""


async def watch(socket: WebSocket, board: Board, clock: Callable[[], float], confident: float) -> None:
    """Serve one viewer until it leaves."""
    await socket.accept()
    news, ready = asyncio.Event(), asyncio.Event()
    news.set()
    ready.set()
    loop = asyncio.get_running_loop()

    async def write() -> None:
        sent: Sent = {}
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                await ready.wait()
                await news.wait()
                ready.clear()
                news.clear()
                await socket.send_bytes(pack(board.read(clock()), sent, confident))
                board.count_sent()

    with board.attach(lambda: loop.call_soon_threadsafe(news.set)):
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(write())
            while (await socket.receive())["type"] != "websocket.disconnect":
                ready.set()
            writer.cancel()


def pack(snapshot: Snapshot, sent: Sent, confident: float) -> bytes:
    """A snapshot as sent to a viewer, with the pictures it does not have yet; adds these to `sent`."""
    fresh = {
        name: picture
        for name, picture in snapshot.pictures.items()
        if sent.get(name) != (picture.result.epoch, picture.result.seq)
    }
    sent.update({name: (picture.result.epoch, picture.result.seq) for name, picture in fresh.items()})
    header = msgspec.json.encode(
        {
            "emotions": EMOTIONS,
            "confident": confident,
            "waiting": f"Not ready: {waiting_for(snapshot.missing)}." if snapshot.missing else "Everything is ready.",
            "sources": snapshot.sources,
            "processes": snapshot.processes,
            "pictures": [
                {"source": name, "bytes": len(picture.jpeg), "result": picture.result}
                for name, picture in fresh.items()
            ],
        }
    )
    return len(header).to_bytes(4, "big") + header + b"".join(picture.jpeg for picture in fresh.values())
