"""Viewers' own cameras: JPEGs over a WebSocket become a source, and each frame's result goes back.

The page says `{"name": …}` and is answered `{"source", "fps", "confident", "emotions"}`; then it sends frames, each a
number (4 bytes, big-endian) and a JPEG, two at most on the way. For each it gets `{"number", "result", "credits"}`: the
frame's result, or null if there is none, and how many more it may send; and `{"condition"}` once a second. What ends
the camera is said as `{"error"}`.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Annotated

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from dashboard.condition import Condition
from dashboard.credits import Back, Credits, TooFastError
from dashboard.opened import Opened, RefusedError
from dashboard.outbox import Outbox
from shared.control import PUSHED, CameraFrame, Opening
from shared.messages import EMOTIONS
from shared.results import Smoothed
from shared.topics import Envelope

MOST_CAMERAS = 8
MOST_BYTES = 2 << 20
"""Limit of one frame."""
_FPS = 30
_TURN_S = 0.2
_OPENS_S = 10.0
_HELLO_S = 10.0
_IDLE_S = 9.0  # the capture ends a source without frames after ten
_JPEG = b"\xff\xd8\xff"
_NUMBER_BYTES = 4
_NAME_LENGTH = 60

ConditionOf = Callable[[str], Condition | None]
"""A source's condition; None while nothing is known of it."""


class EndError(Exception):
    """Ends a camera; the message is for the viewer."""


class Cameras:
    """Viewers' cameras that are open; results come from the stage's thread, all else from the web server's."""

    def __init__(
        self,
        opened: Opened,
        outbox: Outbox,
        clock: Callable[[], float],
        condition_of: ConditionOf,
    ):
        self.clock = clock
        self.condition_of = condition_of
        self._opened = opened
        self._outbox = outbox
        self._feeds: dict[str, Feed] = {}
        self._newest_ns = 0

    def hear(self, result: Smoothed) -> None:
        """Pass a result on to the viewer whose source it is of."""
        if feed := self._feeds.get(result.source):
            feed.pass_on(result)

    def open(self, name: str) -> "Feed":
        """A new source, asked for; `name` is what the viewer calls it. Raises RefusedError."""
        now = self.clock()
        if len(self._feeds) >= MOST_CAMERAS:
            raise RefusedError(f"{MOST_CAMERAS} visitors use their cameras, which is the most. Try again later.")
        if not self._opened.has_capture(now):
            raise RefusedError("No capture is ready, which would take the pictures in. Is the pipeline running?")
        source = self._opened.free_name("browser", now)
        self._opened.want(source, Opening(spec=PUSHED), now)
        feed = self._feeds[source] = Feed(source, name, asyncio.get_running_loop())
        return feed

    def names(self) -> dict[str, str]:
        """What viewers call their cameras, by source."""
        return {source: feed.name or "a visitor's camera" for source, feed in list(self._feeds.items())}

    def close(self, source: str) -> None:
        """The viewer has left: so does the source."""
        self._feeds.pop(source, None)
        with contextlib.suppress(RefusedError):
            self._opened.close(source, self.clock())

    async def wait_until_open(self, source: str) -> None:
        """Return once a capture has the source. Raises EndError."""
        until = self.clock() + _OPENS_S
        while (status := self._opened.status(source, self.clock())) is None or status.state == "refused":
            if status is not None:
                raise EndError(f"The capture refused the camera: {status.error}.")
            if self.clock() > until:
                raise EndError("No capture has taken the camera in. Is the pipeline running?")
            await asyncio.sleep(0.05)

    def publish(self, feed: "Feed", message: bytes) -> None:
        """One frame of a viewer, to the capture. Raises EndError."""
        number, jpeg = int.from_bytes(message[:_NUMBER_BYTES], "big"), message[_NUMBER_BYTES:]
        if not jpeg.startswith(_JPEG) or len(jpeg) > MOST_BYTES:
            raise EndError(f"A frame was no JPEG of at most {MOST_BYTES >> 20} MiB.")
        self._newest_ns = max(time.time_ns(), self._newest_ns + 1)  # unique: results are recognised by it
        try:
            feed.credits.take(number, self._newest_ns, self.clock())
        except TooFastError as error:
            raise EndError(f"This page sent {error}.") from None
        frame = CameraFrame(source=feed.source, captured_ns=self._newest_ns, jpeg=jpeg)
        self._outbox.send(Envelope("camera", feed.source, frame))


class Feed:
    """One viewer's camera, and what is to be said to it."""

    def __init__(self, source: str, name: str, loop: asyncio.AbstractEventLoop):
        self.source = source
        self.name = name
        self.credits = Credits()
        self._loop = loop
        self._results: asyncio.Queue[Smoothed] = asyncio.Queue()

    def pass_on(self, result: Smoothed) -> None:
        """A result of this source; from any thread."""
        with contextlib.suppress(RuntimeError):  # the web server has ended
            self._loop.call_soon_threadsafe(self._results.put_nowait, result)

    async def answers(self, now: Callable[[], float]) -> list[tuple[Back, Smoothed | None]]:
        """What the viewer is to be told next; empty if nothing has happened for a moment."""
        try:
            result = await asyncio.wait_for(self._results.get(), _TURN_S)
        except TimeoutError:
            return [(back, None) for back in self.credits.overdue(now())]
        return [(back, result if back.has_result else None) for back in self.credits.answered(result.captured_ns)]


def routes(cameras: Cameras, confident: float) -> APIRouter:
    """`/camera/feed`; faces detected with less than `confident` are drawn thin."""
    router = APIRouter()

    @router.websocket("/camera/feed")
    async def feed(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await _serve(socket, cameras, confident)
        except (RefusedError, EndError) as error:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it has left meanwhile
                await socket.send_json({"error": str(error)})
                await socket.close(1008)
        except WebSocketDisconnect:
            pass

    return router


async def _serve(socket: WebSocket, cameras: Cameras, confident: float) -> None:
    """From the first message until the viewer leaves (WebSocketDisconnect), is refused, or errs."""
    try:
        name = await asyncio.wait_for(_hello(socket), _HELLO_S)
    except TimeoutError:
        raise EndError("The first message did not come.") from None
    feed = cameras.open(name)
    try:
        await cameras.wait_until_open(feed.source)
        await socket.send_json({"source": feed.source, "fps": _FPS, "confident": confident, "emotions": EMOTIONS})
        answering = asyncio.create_task(_answer(socket, feed, cameras))
        try:
            while True:
                cameras.publish(feed, await asyncio.wait_for(_frame(socket), _IDLE_S))
        except TimeoutError:
            raise EndError("No picture has come for some seconds.") from None
        finally:
            answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering
    finally:
        cameras.close(feed.source)


async def _answer(socket: WebSocket, feed: Feed, cameras: Cameras) -> None:
    """Tell the viewer of its frames' results, and once a second of its source's condition."""
    told = float("-inf")
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # closed meanwhile, which the reader notices
        while True:
            for back, result in await feed.answers(cameras.clock):
                answer = {"number": back.number, "result": result, "credits": back.credits}
                await socket.send_text(msgspec.json.encode(answer).decode())
            if cameras.clock() - told >= 1.0:
                told = cameras.clock()
                condition = {"condition": cameras.condition_of(feed.source)}
                await socket.send_text(msgspec.json.encode(condition).decode())


async def _hello(socket: WebSocket) -> str:
    """The name in the viewer's first message. Raises EndError if it is another one."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    try:
        return msgspec.json.decode(message.get("text") or "", type=_Hello).name
    except msgspec.DecodeError:
        raise EndError(f'The first message must be {{"name": …}}, of at most {_NAME_LENGTH} characters.') from None


async def _frame(socket: WebSocket) -> bytes:
    """The viewer's next frame. Raises EndError for anything else."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message["code"])
    if (frame := message.get("bytes")) is None:
        raise EndError("A message was no frame.")
    return frame  # type: ignore[no-any-return]


class _Hello(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(max_length=_NAME_LENGTH)]
