"""The HTTP side: a FastAPI app over a Board. No bus, no clock."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from fastapi import APIRouter, FastAPI, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

from dashboard import answers, follower, openapi, stills, viewer
from dashboard.access import Access
from dashboard.board import Board
from dashboard.darkroom import Darkroom
from dashboard.doors import Doors
from dashboard.guard import Guard
from dashboard.limits import Visitors

STATIC = Path(__file__).parent / "static"


def create_app(
    board: Board,
    access: Access,
    clock: Callable[[], float],
    confident: float = 0.9,
    *,
    wall_ns: Callable[[], int] = time.time_ns,
    visitors: Visitors | None = None,
    doors: Doors | None = None,
    routers: Iterable[APIRouter] = (),
) -> FastAPI:
    """The dashboard of what `board` knows.

    Args:
        board: read at every request, at `clock()`.
        access: who may see it.
        clock: monotonic seconds, the same clock that times the board's messages.
        confident: faces detected with less confidence are drawn thin.
        wall_ns: the wall clock, by which the age of a picture is told.
        visitors: counts who is watching, up to a limit.
        doors: counts the connections.
        routers: further routes.
    """
    app = FastAPI(openapi_url=None)  # its documentation pages load from other hosts
    app.add_exception_handler(RequestValidationError, openapi.explain)
    app.add_middleware(Guard, access=access)
    app.mount("/static", StaticFiles(directory=STATIC))
    window = viewer.Window(board, Darkroom(board.allowed).develop, clock, wall_ns, confident)
    visitors = visitors or Visitors()
    ours = (
        answers.routes(board, clock, doors),
        stills.routes(window, visitors),
        follower.routes(window, visitors),
        viewer.routes(window, visitors),
        openapi.routes(app),
        _pages(),
    )
    for router in (*ours, *routers):
        app.include_router(router)

    return app


def _pages() -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def live() -> Response:
        return FileResponse(STATIC / "index.html")

    @router.get("/camera")
    def camera() -> Response:
        return FileResponse(STATIC / "camera.html")

    @router.get("/recordings")
    def recordings() -> Response:
        return FileResponse(STATIC / "recordings.html")

    return router
