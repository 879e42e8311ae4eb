"""Who may see the dashboard: an ASGI layer around the whole app, closed by default.

The Host header must name this machine (against DNS rebinding), a WebSocket must come from our own page, and if a token
is set, everything but `/healthz` requires it.
"""

import hmac
import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.settings import PREFIX

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Access:
    """The rules.

    Args:
        host: the address or name to bind to, from the settings.
        token: the secret viewers need ("": none).
        address: the IP address that `host` resolved to.
    """

    host: str = "127.0.0.1"
    token: str = ""
    address: str = "127.0.0.1"

    def refusal(self, path: str, host: str, origin: str | None, query: str, cookie: str) -> tuple[int, str] | None:
        """The HTTP status and reason for refusing a request; None admits it."""
        if not self.knows_host(host):
            return 400, f"This dashboard does not answer to the host {host[:80]!r}.\n"
        if origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
            return 403, "Only the dashboard's own page may connect here.\n"
        if self.token and path != "/healthz" and not (self.is_token(query) or self.is_cookie(cookie)):
            return 401, f"Open this address once with ?token= and the value of {PREFIX}DASHBOARD_TOKEN.\n"
        return None

    def knows_host(self, header: str) -> bool:
        """Whether a Host header names this machine; bound to all interfaces, any IP address does."""
        try:
            name = urlsplit(f"//{header}").hostname or ""
        except ValueError:
            return False
        bound, asked = _address(self.address), _address(name)
        by_address = asked is not None and bound is not None and (bound.is_unspecified or asked == bound)
        return name in _LOOPBACK or name == self.host.lower() or by_address

    def is_token(self, given: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(given.encode(), self.token.encode())

    def is_cookie(self, given: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(given.encode(), self.cookie.encode())

    @property
    def cookie(self) -> str:
        """The cookie of a viewer who gave the token: derived from it, not the token itself."""
        return self._derived(b"affectstream dashboard viewer")

    @property
    def cookie_name(self) -> str:
        """One name per token: cookies ignore ports, so two dashboards on one host would overwrite each other's."""
        return f"affect_viewer_{self._derived(b'affectstream dashboard cookie')[:8]}"

    def _derived(self, purpose: bytes) -> str:
        return hmac.new(self.token.encode(), purpose, "sha256").hexdigest()


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


class Guard:
    """Enforces Access and adds the security headers to HTTP responses."""

    def __init__(self, app: ASGIApp, access: Access):
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        token = QueryParams(scope["query_string"]).get("token", "")
        host, origin = headers.get("host", ""), headers.get("origin")
        cookie = HTTPConnection(scope).cookies.get(self._access.cookie_name, "")
        refused = self._access.refusal(scope["path"], host, origin, token, cookie)
        known = bool(self._access.token) and self._access.is_token(token)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer.update(HEADERS)
                if known and not refused:
                    ours = f"{self._access.cookie_name}={self._access.cookie}"
                    answer.append("Set-Cookie", f"{ours}; Path=/; HttpOnly; SameSite=Strict")
            await send(message)

        if refused is None:
            await self._app(scope, receive, send_with_headers)
        elif scope["type"] == "websocket":
            await _refuse_websocket(receive, send, refused[1])
        else:
            await PlainTextResponse(refused[1], refused[0])(scope, receive, send_with_headers)
        return None


async def _refuse_websocket(receive: Receive, send: Send, reason: str) -> None:
    await receive()
    closing: dict[str, Any] = {"type": "websocket.close", "code": 1008, "reason": reason.strip()}
    await send(closing)
