"""Uploads over HTTP: received to disk in pieces, then looked at and taken home."""

import asyncio
import math
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.concurrency import contextmanager_in_threadpool
from fastapi.responses import FileResponse
from starlette.requests import ClientDisconnect

from dashboard.media import HEAD, kind_of
from dashboard.opened import RefusedError
from dashboard.recorder import missing_recorder
from dashboard.upload import Upload
from dashboard.uploads import Uploads

MOST_AT_ONCE, MOST_OF_ONE = 2, 1
_STALLS_S = 30.0
_PIECE = 1 << 20
_SPARE = 256 << 20  # bytes that stay free: results and tables come on top of the film
_LITTLE = 16 << 20  # a refused body that is read to its end: else the browser would not see why
_NAME_LENGTH = 120


@dataclass
class Reception:
    """Where uploads go, and what is accepted.

    Args:
        uploads: all of them.
        most_mb: the size limit of one.
        films_shown: whether films are shown to viewers; their results always are.
        confident: faces detected with less confidence are drawn thin.
        clock: monotonic seconds.
        senders: the address of each upload on its way.
    """

    uploads: Uploads
    most_mb: int
    films_shown: bool
    confident: float
    clock: Callable[[], float]
    senders: list[str] = field(default_factory=list)

    def check(self, size: int, sender: str) -> None:
        """Raises HTTPException, with the reason in words, for an upload that cannot be received."""
        runtime_dir = self.uploads.folder.parent.parent
        free = shutil.disk_usage(runtime_dir).free - _SPARE
        if size > self.most_mb << 20:
            raise HTTPException(
                413, f"The file has {_mb(size)} MB; the limit is {self.most_mb} (AFFECT_DASHBOARD_UPLOAD_MB)."
            )
        if size > free:
            where = f"where uploads are kept ({runtime_dir}, AFFECT_RUNTIME_DIR)"
            raise HTTPException(507, f"The file has {_mb(size)} MB, and {_mb(max(free, 0))} are free {where}.")
        if len(self.senders) >= MOST_AT_ONCE or self.senders.count(sender) >= MOST_OF_ONE:
            raise HTTPException(429, "Another upload is on its way; send this one after it.")

    async def receive(self, request: Request) -> Upload:
        """Write a request's body to a new upload. Raises HTTPException."""
        size = _size(request)
        sender = request.client.host if request.client else ""
        self.check(size, sender)
        self.senders.append(sender)
        try:
            receiving = self.uploads.receive(_name(request), size, self.clock())
            async with contextmanager_in_threadpool(receiving) as upload:  # folders and processes are waited for
                await _write(upload, request)
            return upload
        except RefusedError as error:
            raise HTTPException(409, str(error)) from None
        except OSError as error:
            raise HTTPException(507, f"The file could not be kept: {error.strerror}.") from None
        except (TimeoutError, ClientDisconnect):
            raise HTTPException(408, "The upload stopped before its end.") from None
        finally:
            self.senders.remove(sender)


def routes(reception: Reception) -> APIRouter:
    """`/api/uploads`."""
    router = APIRouter(prefix="/api/uploads", tags=["uploads"])

    @router.post("", status_code=201)
    async def send(request: Request) -> dict[str, Any]:
        """Send a film or picture as the request's body, its name percent-encoded in `X-Filename`."""
        return (await reception.receive(request)).facts()

    @router.get("")
    def listed() -> dict[str, Any]:
        """All uploads, and what is accepted."""
        rules = {"most_mb": reception.most_mb, "films_shown": reception.films_shown, "confident": reception.confident}
        return {**rules, "without_tables": missing_recorder(), "uploads": reception.uploads.listed()}

    def found(number: str) -> Upload:
        if (upload := reception.uploads.find(number)) is None:
            raise HTTPException(404, "There is no such upload; it may have been deleted.")
        return upload

    @router.get("/{number}")
    def one(upload: Annotated[Upload, Depends(found)]) -> dict[str, Any]:
        """The state of one: `opening`, `running`, `finishing`, `done` or `failed`."""
        return upload.facts()

    @router.delete("/{number}", status_code=204)
    def delete(upload: Annotated[Upload, Depends(found)]) -> None:
        """Delete the film, its results and tables."""
        reception.uploads.delete(upload.id, reception.clock())

    router.include_router(_content(found, films_shown=reception.films_shown), prefix="/{number}")
    return router


def _content(found: Callable[[str], Upload], *, films_shown: bool) -> APIRouter:
    """What is below one upload's address."""
    router = APIRouter()

    @router.get("/media")
    def media(upload: Annotated[Upload, Depends(found)]) -> Response:
        """The film or picture itself, by ranges."""
        if not films_shown:
            raise HTTPException(403, "Pictures are not shown on this dashboard (AFFECT_DASHBOARD_PICTURES).")
        return FileResponse(upload.film, media_type=upload.kind.mime if upload.kind else None)

    @router.get("/timeline")
    def timeline(upload: Annotated[Upload, Depends(found)]) -> dict[str, Any]:
        """Everybody over time: where they were classified, thinned out in long films."""
        return upload.journal.timeline()

    @router.get("/rows")
    def rows(upload: Annotated[Upload, Depends(found)], since: float = 0.0, until: float = math.inf) -> Response:
        """The results of all frames with `since` ≤ pts < `until`."""
        return Response(upload.journal.rows(since, until), media_type="application/json")

    @router.get("/tables/{name}")
    def table(upload: Annotated[Upload, Depends(found)], name: str) -> Response:
        """One of the recorder's tables, or its report."""
        if (path := upload.table(name)) is None:
            raise HTTPException(404, "There is no such table.")
        return FileResponse(path, filename=f"{upload.id}-{name}")

    return router


async def _write(upload: Upload, request: Request) -> None:
    """Raises HTTPException, OSError, TimeoutError or ClientDisconnect if it does not come to its end."""
    pieces = _pieces(request)
    head = await anext(pieces, b"")
    upload.kind = kind_of(head[:HEAD])
    if upload.kind is None:
        if upload.size <= _LITTLE:
            async for _ in pieces:
                pass
        raise HTTPException(415, "The file is neither a film nor a picture that can be read.")
    with upload.film.open("wb") as film:
        piece, received = head, 0
        while piece:
            received += len(piece)
            await asyncio.to_thread(film.write, piece)
            piece = await anext(pieces, b"")
    if received != upload.size:
        raise HTTPException(400, f"{received} bytes came instead of {upload.size}.")


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """The body in pieces of about 1 MB. Raises TimeoutError once nothing has come for long."""
    stream, piece = request.stream().__aiter__(), bytearray()
    while True:
        async with asyncio.timeout(_STALLS_S):
            chunk = await anext(stream, None)
        piece += chunk or b""
        if chunk is None or len(piece) >= _PIECE:
            if piece:
                yield bytes(piece)
            piece.clear()
        if chunk is None:
            return


def _size(request: Request) -> int:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise HTTPException(411, "The request does not say how long the file is (Content-Length).")
    if length == "0":
        raise HTTPException(400, "The file is empty.")
    return int(length)


def _name(request: Request) -> str:
    """What the viewer calls the file: text to show, which names nothing on this machine."""
    given = unquote(request.headers.get("x-filename", ""), errors="replace")
    return "".join(char for char in given if char.isprintable())[:_NAME_LENGTH].strip() or "unnamed"


def _mb(size: int) -> int:
    return -(-size >> 20)
