"""Checks the addresses of the bus and the dashboard."""

import re
import sys
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host name or address is loopback."""
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def check_endpoint(name: str, endpoint: str, *, keys: bool, system: str = sys.platform) -> None:
    """Check the address that the setting `name` has; `keys`: the bus is encrypted.

    Raises:
        ValueError: it is no address, too long, or open to others without keys.
    """
    if endpoint.startswith("ipc://"):
        most = 107 if system == "linux" else 103
        if len(endpoint.encode()) - len("ipc://") > most:
            remedy = "set AFFECT_RUNTIME_DIR to a shorter path"
            raise ValueError(f"{name}={endpoint!r}: a socket path has at most {most} bytes; {remedy}")
        return
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not endpoint.startswith("tcp://") or not host or not port:
        raise ValueError(f"{name}={endpoint!r}: allowed are ipc://PATH and tcp://HOST:PORT")
    if not keys and not is_loopback(host):
        raise ValueError(
            f"{name}={endpoint!r} is open to others: "
            "set AFFECT_BUS_KEYS to a folder of keys (python -m shared.keys make)"
        )


SHORTEST_TOKEN = 16


def check_token(token: str) -> None:
    """Check the dashboard's token, if there is one; raises ValueError, in which the token is not shown."""
    if token and len(token) < SHORTEST_TOKEN:
        raise ValueError(f"AFFECT_DASHBOARD_TOKEN: allowed are {SHORTEST_TOKEN} characters or more")
    if not re.fullmatch(r"[A-Za-z0-9._~-]*", token):  # others would be escaped in a URL
        raise ValueError("AFFECT_DASHBOARD_TOKEN: allowed are letters without accents, digits and - . _ ~")
