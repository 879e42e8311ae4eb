"""Sources opened and closed over HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

from dashboard.opened import GivenError, NameTakenError, Opened, RefusedError, UnknownSourceError
from dashboard.specs import ForbiddenError, permitted
from shared.control import Opening
from shared.messages import SOURCE_PATTERN

_STATUS = {NameTakenError: 409, GivenError: 409, UnknownSourceError: 404, RefusedError: 429}


class Asked(BaseModel):
    """A source to open: its name, and as in the settings AFFECT_CAPTURE_SOURCE, _MODE and _AT_END what and how."""

    source: Annotated[str, Field(pattern=SOURCE_PATTERN, examples=["door"])]
    spec: Annotated[str, Field(min_length=1, max_length=4096, examples=["rtsp://camera.local/stream"])]
    mode: Literal["live", "replay"] = "live"
    at_end: Literal["loop", "hold"] = "loop"


def routes(opened: Opened, media: Path | None, clock: Callable[[], float]) -> APIRouter:
    """`POST` and `DELETE` of `/api/sources`; `media` is the folder from which files may be opened, if any."""
    router = APIRouter(prefix="/api/sources", tags=["sources"])

    @router.post("", status_code=202)
    def open_source(asked: Asked) -> dict[str, Any]:
        """Have a capture open a source. Whether it could is then in its `state`: `refused` if not."""
        try:
            spec = permitted(asked.spec, media)
            if not opened.has_capture(clock()):
                raise HTTPException(503, "No capture is ready, which would open it. Is the pipeline running?")
            opened.want(asked.source, Opening(spec=spec, mode=asked.mode, at_end=asked.at_end), clock())
        except ForbiddenError as error:
            raise HTTPException(403, str(error)) from None
        except RefusedError as error:
            raise HTTPException(_STATUS[type(error)], str(error)) from None
        return {"source": asked.source}

    @router.delete("/{source}", status_code=202)
    def close_source(source: str) -> dict[str, Any]:
        """Have a source closed that was opened while the pipeline ran."""
        try:
            opened.close(source, clock())
        except RefusedError as error:
            raise HTTPException(_STATUS[type(error)], str(error)) from None
        return {"source": source}

    return router
