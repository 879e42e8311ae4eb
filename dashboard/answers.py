"""The routes that answer with what is known, as JSON; the types are those that `openapi.py` describes."""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query, Response
from prometheus_client import CONTENT_TYPE_LATEST

from dashboard.board import Board
from dashboard.doors import Doors
from dashboard.history import KEEP_S, HistoryView
from dashboard.latency import LatencyView
from dashboard.metrics import metrics_text
from dashboard.openapi import refusal, schema
from dashboard.processes import ProcessView
from dashboard.source import SourceView
from dashboard.stages import StageView
from shared.messages import EMOTIONS, SOURCE_PATTERN

SourceKey = Annotated[str, Path(pattern=SOURCE_PATTERN, description="The source's name.")]
Seconds = Annotated[float, Query(gt=0, le=KEEP_S, description="How far back to go, in seconds of media time.")]
_NO_SOURCE = {404: refusal("No such source.")}


class HealthView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`ok`, `warning` or `unavailable`, the stages that are missing with what is wrong with each, and why in words."""

    status: str
    missing: dict[str, str] = {}
    problems: list[str] = []
    warnings: list[str] = []


class ReadyView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether every needed stage has a ready process, and what is wrong with those that have none."""

    ready: bool
    missing: dict[str, str]


def routes(board: Board, clock: Callable[[], float], doors: Doors | None = None) -> APIRouter:
    """The routes below `/api` that read what `board` knows at `clock()`, and those of health checks."""
    router = APIRouter()
    router.include_router(_health(board, clock, doors), tags=["health"])

    @router.get("/api/sources", **_answers(list[SourceView]))
    def sources() -> Response:
        """All sources, in the order in which their captures list them, each with its newest result."""
        return _json(board.read(clock()).sources)

    @router.get("/api/sources/{source}", **_answers(SourceView, _NO_SOURCE))
    def one_source(source: SourceKey) -> Response:
        """One source."""
        for view in board.read(clock()).sources:
            if view.source == source:
                return _json(view)
        raise _unknown(source)

    @router.get("/api/sources/{source}/history", **_answers(HistoryView, _NO_SOURCE))
    def history(source: SourceKey, seconds: Seconds = 60.0) -> Response:
        """What its faces showed in its current run, up to the last ten minutes: a sample for each classified frame."""
        kept = board.history(source, seconds)
        if kept is None:
            raise _unknown(source)
        epoch, tracks = kept
        views = [track.view() for track in tracks]
        return _json(HistoryView(source=source, epoch=epoch, emotions=EMOTIONS, tracks=views))

    @router.get("/api/processes", **_answers(list[ProcessView]))
    def processes() -> Response:
        """All processes, along the pipeline, each with its last status."""
        return _json(board.read(clock()).processes)

    @router.get("/api/stages", **_answers(list[StageView]))
    def stages() -> Response:
        """Each needed stage: its processes, its rates, what waits in it."""
        return _json(board.read(clock()).stages)

    @router.get("/api/latency", **_answers(LatencyView))
    def latency() -> Response:
        """From capture to result over the last ten minutes, second by second."""
        return _json(board.latency(clock()))

    return router


def _health(board: Board, clock: Callable[[], float], doors: Doors | None) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz", **_answers(HealthView, {503: schema(HealthView, "No results, and why.")}))
    def health() -> Response:
        """Whether results arrive: 200 `ok`, 200 `warning` with reasons in words, or 503 `unavailable`."""
        snapshot = board.read(clock())
        health = snapshot.health()
        view = HealthView(
            status=health.status, missing=snapshot.missing, problems=health.problems, warnings=health.warnings
        )
        return _json(view, 503 if health.status == "unavailable" else 200)

    @router.get("/readyz", **_answers(ReadyView, {503: schema(ReadyView, "A stage is missing.")}))
    def ready() -> Response:
        """Whether every needed stage has a ready process."""
        missing = board.read(clock()).missing
        return _json(ReadyView(ready=not missing, missing=missing), 503 if missing else 200)

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' text format."}},
    )
    def metrics() -> Response:
        """Everything that can be counted, for Prometheus."""
        text = metrics_text(board.read(clock()), board.viewers, len(doors) if doors else 0)
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return router


def _answers(kind: Any, others: dict[int, dict[str, Any]] | None = None) -> dict[str, Any]:
    """How a route that answers with this type is described."""
    return {"response_class": Response, "responses": {200: schema(kind, "As described."), **(others or {})}}


def _json(content: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def _unknown(source: str) -> HTTPException:
    return HTTPException(404, f"there is no source {source}; GET /api/sources lists all")
