"""Asks the dashboard of this machine for `/healthz`: `python -m affectstream.health`, for a container's health check.

Prints the answer; ends with 0 if results arrive, else with 1. Imports no room, so that asking often costs little.
"""

import contextlib
import http.client
import os
import ssl
import sys

_TIMEOUT_S = 4.0


def main() -> int:
    """Entry point."""
    host = os.environ.get("AFFECT_DASHBOARD_HOST") or "127.0.0.1"  # a wildcard reaches this machine, too
    port = os.environ.get("AFFECT_DASHBOARD_PORT") or "8000"
    try:
        with contextlib.closing(_connection(host, int(port))) as asked:
            asked.request("GET", "/healthz")
            answer = asked.getresponse()
            print(answer.read().decode(errors="replace"))
    except (OSError, ValueError, http.client.HTTPException) as error:
        print(f"no answer from {host} port {port}: {error}")
        return 1
    return 0 if answer.status == http.HTTPStatus.OK else 1


def _connection(host: str, port: int) -> http.client.HTTPConnection:
    if os.environ.get("AFFECT_DASHBOARD_HTTPS", "").lower() not in ("1", "true", "yes", "on"):
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    itself = ssl._create_unverified_context()  # noqa: S323 — this machine's own, self-signed
    return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=itself)


if __name__ == "__main__":
    sys.exit(main())
