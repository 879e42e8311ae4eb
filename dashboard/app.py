"""The HTTP side: a FastAPI app over a Board. No bus, no clock."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from fastapi import FastAPI, Response, WebSocket
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST

from dashboard.access import Access, Guard
from dashboard.board import Board
from dashboard.metrics import metrics_text
from dashboard.viewer import watch

STATIC = Path(__file__).parent / "static"


def create_app(board: Board, access: Access, clock: Callable[[], float], confident: float = 0.9) -> FastAPI:
    """The dashboard of what `board` knows.

    Args:
        board: read at every request, at `clock()`.
        access: who may see it.
        clock: monotonic seconds, the same clock that times the board's messages.
        confident: faces detected with less confidence are drawn thin.
    """
    app = FastAPI(openapi_url=None)  # its documentation pages load from other hosts
    app.add_middleware(Guard, access=access)
    app.mount("/static", StaticFiles(directory=STATIC))

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

    @app.websocket("/ws")
    async def live(socket: WebSocket) -> None:
        await watch(socket, board, clock, confident)

    return app


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")
