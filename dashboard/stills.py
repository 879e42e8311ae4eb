"""Pictures for programs and old clients: `/api/sources/{source}/snapshot.jpg` and `stream.mjpeg`.

They show what the page would: whole or blurred, and nothing where no picture may leave.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from dashboard.answers import SourceKey
from dashboard.board import Viewer
from dashboard.limits import FullError, Visitors
from dashboard.openapi import refusal
from dashboard.privacy import Pictures, stricter
from dashboard.viewer import Window

_PATIENCE_S = 3.0
_QUIET_S = 15.0
"""A stream without pictures is looked at this often: it ends when its source is gone."""
_BOUNDARY = "frame"
_REFUSALS: dict[int | str, dict[str, Any]] = {
    403: refusal("No picture may leave this dashboard."),
    404: refusal("No such source."),
    503: refusal("No picture came, or there are too many viewers."),
}


def routes(window: Window, visitors: Visitors) -> APIRouter:
    """The routes of single pictures and endless ones."""
    router = APIRouter(prefix="/api/sources/{source}", tags=["pictures"])

    @router.get(
        "/snapshot.jpg",
        response_class=Response,
        responses={200: {"content": {"image/jpeg": {}}, "description": "A JPEG."}, **_REFUSALS},
    )
    async def snapshot(source: SourceKey, pictures: Pictures = "shown") -> Response:
        """The newest picture of a source, made now if nobody is watching; `pictures=blurred` asks for less."""
        stream = _Stream(window, source, _level(window, source, pictures))
        try:
            with visitors.enter():
                async with asyncio.timeout(_PATIENCE_S), contextlib.aclosing(stream.jpegs()) as jpegs:
                    return Response(await anext(jpegs), media_type="image/jpeg")
        except (TimeoutError, StopAsyncIteration):
            raise HTTPException(503, f"{source} has given no picture for {_PATIENCE_S:g} s") from None
        except FullError as full:
            raise HTTPException(503, str(full)) from None

    @router.get(
        "/stream.mjpeg",
        response_class=Response,
        responses={200: {"content": {"multipart/x-mixed-replace": {}}, "description": "Endless JPEGs."}, **_REFUSALS},
    )
    async def mjpeg(source: SourceKey, pictures: Pictures = "shown") -> Response:
        """The newest pictures of a source as they come, for clients that know MJPEG; a slow one misses some."""
        return _Mjpeg(_Stream(window, source, _level(window, source, pictures)), visitors)

    return router


def _level(window: Window, source: str, asked: Pictures) -> Pictures:
    """How much may be shown; raises HTTPException in words if there is nothing to show."""
    level = stricter(asked, window.board.allowed)
    if level == "none":
        raise HTTPException(403, "no picture leaves this dashboard (AFFECT_DASHBOARD_PICTURES, or pictures=none)")
    if not window.knows(source):
        raise HTTPException(404, f"there is no source {source}; GET /api/sources lists all")
    return level


class _Stream:
    """The pictures of one source for one viewer."""

    def __init__(self, window: Window, source: str, level: Pictures):
        self._window = window
        self._source = source
        self._level: Pictures = level

    async def jpegs(self) -> AsyncGenerator[bytes, None]:
        """The newest picture whenever there is a new one and the last has been taken; ends with its source."""
        window, news = self._window, asyncio.Event()
        loop = asyncio.get_running_loop()

        def ring() -> None:
            loop.call_soon_threadsafe(news.set)

        sent = None
        with window.board.attach(Viewer(ring, self._level, frozenset({self._source}))):
            while window.knows(self._source):
                news.clear()
                picture = window.board.read(window.clock()).shown(self._level).get(self._source)
                frame = picture and (picture.result.epoch, picture.result.seq)
                if picture and frame != sent:
                    sent = frame
                    if jpeg := await window.develop(self._source, picture, self._level):
                        yield jpeg
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_QUIET_S):
                        await news.wait()


class _Mjpeg(Response):
    """An endless answer, which counts as a viewer while it lasts."""

    def __init__(self, stream: _Stream, visitors: Visitors):
        super().__init__()
        self._stream = stream
        self._visitors = visitors

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
        try:
            with self._visitors.enter():
                await StreamingResponse(self._parts(), media_type=kind)(scope, receive, send)
        except FullError as full:
            await JSONResponse({"detail": str(full)}, 503)(scope, receive, send)

    async def _parts(self) -> AsyncGenerator[bytes, None]:
        """Each picture with the boundary behind it: browsers show one when they see that it is whole."""
        yield f"--{_BOUNDARY}\r\n".encode()
        async with contextlib.aclosing(self._stream.jpegs()) as jpegs:
            async for jpeg in jpegs:
                head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                yield head.encode() + jpeg + f"\r\n--{_BOUNDARY}\r\n".encode()
