"""The HTTP side: a FastAPI app over a Board. No bus, no clock."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST

from dashboard import stills, viewer
from dashboard.access import Access
from dashboard.board import Board
from dashboard.darkroom import Darkroom
from dashboard.guard import Guard
from dashboard.limits import Visitors
from dashboard.metrics import metrics_text

STATIC = Path(__file__).parent / "static"


def create_app(
    board: Board,
    access: Access,
    clock: Callable[[], float],
    confident: float = 0.9,
    *,
    wall_ns: Callable[[], int] = time.time_ns,
    visitors: Visitors | None = None,
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
        routers: further routes.
    """
    app = FastAPI(openapi_url=None)  # its documentation pages load from other hosts
    app.add_middleware(Guard, access=access)
    app.mount("/static", StaticFiles(directory=STATIC))
    window = viewer.Window(board, Darkroom(board.allowed).develop, clock, wall_ns, confident)
    visitors = visitors or Visitors()
    for router in (viewer.routes(window, visitors), stills.routes(window, visitors), *routers):
        app.include_router(router)

    @app.get("/")
    def page() -> Response:
        return FileResponse(STATIC / "index.html")

    @app.get("/healthz")
    def health() -> Response:
        """Whether results arrive: 200 `ok`, 200 `warning` with reasons in words, or 503 `unavailable`."""
        snapshot = board.read(clock())
        health = snapshot.health()
        facts = {"missing": snapshot.missing, "problems": health.problems, "warnings": health.warnings}
        said = {name: fact for name, fact in facts.items() if fact}
        return _json({"status": health.status} | said, 503 if health.status == "unavailable" else 200)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(metrics_text(board.read(clock()), board.viewers), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @app.get("/api/sources")
    def sources() -> Response:
        return _json(board.read(clock()).sources)

    @app.get("/api/processes")
    def processes() -> Response:
        return _json(board.read(clock()).processes)

    return app


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
