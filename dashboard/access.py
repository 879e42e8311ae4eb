"""Who may see the dashboard, closed by default. Pure.

The Host header must name this machine (against DNS rebinding), what comes from a web page must come from our own, and
if there is a token, everything but `/healthz` and `/readyz` requires it.
"""

import hmac
import ipaddress
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from shared.settings import PREFIX

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_OPEN = frozenset({"/healthz", "/readyz"})
"""Health checks know no token."""
_HOW = (
    "This dashboard wants its token. Open the address that its log shows, with ?token= at the end, once; programs send"
    f" Authorization: Bearer and the token. A token can be chosen with {PREFIX}DASHBOARD_TOKEN.\n"
)


class Shown(NamedTuple):
    """What a request shows of the token: in its query, its cookie, or its Authorization header."""

    query: str = ""
    cookie: str = ""
    authorization: str = ""


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

    def refusal(self, path: str, host: str, origin: str | None, shown: Shown) -> tuple[int, str] | None:
        """The HTTP status and reason for refusing a request; None admits it."""
        if not self.knows_host(host):
            return 400, f"This dashboard does not answer to the host {host[:80]!r}.\n"
        if origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}"):
            return 403, "Only the dashboard's own page may connect here.\n"
        if self.token and path not in _OPEN and not self.admits(shown):
            return 401, _HOW
        return None

    def admits(self, shown: Shown) -> bool:
        """Whether the token was shown in one of the ways."""
        kind, _, bearer = shown.authorization.partition(" ")
        by_header = kind.lower() == "bearer" and self.is_token(bearer.strip())
        return by_header or self.is_token(shown.query) or self.is_cookie(shown.cookie)

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
