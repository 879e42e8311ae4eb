"""The description of the API, `/api/openapi.json`, and the page that shows it, `/api`.

Answers that are msgspec structs are described by their types, by which they are encoded as well.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import FileResponse, JSONResponse

from shared.results import Smoothed

STATIC = Path(__file__).parent / "static"
_COMPONENTS = "x-components"  # where a described answer keeps its types until the document is made
_VERSION = "1"
_ABOUT = """\
What the dashboard of affectstream tells programs. Errors are JSON with the reason in `detail`.

Where a token is asked for, send `Authorization: Bearer` and the token. docs/api.md has an example of everything.

The WebSocket `/ws` is listed as a GET.
"""


class Refusal(msgspec.Struct, frozen=True):
    """Why a request cannot be answered, in words."""

    detail: str


class Told(Smoothed, frozen=True, kw_only=True):
    """A result, and how many were left out just before it because the program was too slow."""

    missed: int


def schema(kind: Any, description: str) -> dict[str, Any]:
    """An answer that is JSON of this type, as a route's `responses` has it."""
    (described,), components = msgspec.json.schema_components([kind], ref_template="#/components/schemas/{name}")
    return {
        "description": description,
        "content": {"application/json": {"schema": described}},
        _COMPONENTS: components,
    }


def refusal(description: str) -> dict[str, Any]:
    """An answer that refuses, in words."""
    return schema(Refusal, description)


def document(app: FastAPI) -> dict[str, Any]:
    """The description of all routes, in the format OpenAPI 3.1."""
    made = get_openapi(title="affectstream", version=_VERSION, description=_ABOUT, routes=app.routes)
    made["paths"]["/ws"] = {"get": dict(_WEBSOCKET)}
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for operation in [operation for path in made["paths"].values() for operation in path.values()]:
        operation["responses"] = responses = dict(operation["responses"])
        if "422" in responses:
            responses["422"] = refusal("A value that is not allowed, and which.")
        for code, answer in responses.items():
            schemas |= answer.get(_COMPONENTS, {})
            responses[code] = {name: part for name, part in answer.items() if name != _COMPONENTS}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    described: dict[str, Any] = _finite(made)
    return described


_WEBSOCKET: dict[str, Any] = {
    "tags": ["results"],
    "summary": "Results as they come (WebSocket)",
    "description": "Each message is the result of a frame as JSON text, in order. A program that is too slow misses the"
    " oldest that wait, and is told how many in the next one's `missed`.",
    "parameters": [
        {
            "name": "source",
            "in": "query",
            "description": "A source to follow; repeat it for several. Without it, all are.",
            "schema": {"type": "array", "items": {"type": "string"}},
        }
    ],
    "responses": {"101": schema(Told, "The type of a message.")},
}


def _finite(part: Any) -> Any:
    """Without the bounds that only say that a number is finite, which no JSON number is not."""
    if isinstance(part, dict):
        kept = {name: value for name, value in part.items() if not _says_finite(name, value)}
        return {name: _finite(value) for name, value in kept.items()}
    return [_finite(one) for one in part] if isinstance(part, list) else part


def _says_finite(name: str, value: Any) -> bool:
    return name in ("minimum", "maximum") and isinstance(value, float) and abs(value) == sys.float_info.max


def routes(app: FastAPI) -> APIRouter:
    """The routes that describe all routes."""
    router = APIRouter(include_in_schema=False)
    made: list[dict[str, Any]] = []

    @router.get("/api/openapi.json")
    def openapi() -> Response:
        if not made:
            made.append(document(app))
        return JSONResponse(made[0])

    @router.get("/api")
    def page() -> Response:
        return FileResponse(STATIC / "api.html")

    return router


def explain(_: Request, error: Exception) -> Response:
    """What was wrong with a request's values, in words."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 — registered for these alone
    faults = [f"{'.'.join(str(part) for part in fault['loc'][1:])}: {fault['msg']}" for fault in error.errors()]
    return JSONResponse({"detail": "; ".join(faults)}, 422)
