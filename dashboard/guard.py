"""The ASGI layer around the whole app that enforces `access.py`, and what every answer carries."""

from typing import Any

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.access import Access, Shown
from dashboard.limits import too_much

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """Refuses who may not come in, and adds the security headers to HTTP answers."""

    def __init__(self, app: ASGIApp, access: Access):
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        query = QueryParams(scope["query_string"]).get("token", "")
        cookie = HTTPConnection(scope).cookies.get(self._access.cookie_name, "")
        shown = Shown(query, cookie, headers.get("authorization", ""))
        refused = self._access.refusal(scope["path"], headers.get("host", ""), headers.get("origin"), shown)
        if refused is None and scope["type"] == "http":
            refused = too_much(scope["path"], headers.get("content-length"), headers.get("transfer-encoding"))
        opens = not refused and bool(self._access.token) and self._access.is_token(query)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.update(HEADERS)
                if message["status"] == 401:
                    answer["WWW-Authenticate"] = "Bearer"
                if opens:
                    answer.append("Set-Cookie", self._cookie(secure=scope["scheme"] == "https"))
            await send(message)

        if refused is None:
            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket":
            await _refuse_websocket(receive, send, refused[1])
        else:
            await PlainTextResponse(refused[1], refused[0])(scope, receive, send_with_headers)
        return None

    def _cookie(self, *, secure: bool) -> str:
        ours = f"{self._access.cookie_name}={self._access.cookie}; Path=/; HttpOnly; SameSite=Strict"
        return f"{ours}; Secure" if secure else ours


async def _refuse_websocket(receive: Receive, send: Send, reason: str) -> None:
    await receive()
    closing: dict[str, Any] = {"type": "websocket.close", "code": 1008, "reason": reason.strip()[:120]}
    await send(closing)
