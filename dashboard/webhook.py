"""Sends what a rule says to a URL, each as a POST of JSON, from a thread of its own."""

import contextlib
import queue
import threading
import time
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog
from typing_extensions import override

from dashboard.rules import Alert
from shared.errors import ConfigurationError
from shared.log import Seldom
from shared.settings import PREFIX

log = structlog.get_logger()

_TIMEOUT_S = 5.0
_MOST_WAITING = 32


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: where else is asked is not for the other side to say, and nothing would be sent there."""

    @override
    def redirect_request(self, *_: Any) -> None:
        return None


class Webhook:
    """Sends alerts one after the other; one that finds too many waiting, or is not taken, is logged and dropped.

    Raises ConfigurationError if `url` is none.
    """

    def __init__(self, url: str):
        self._url = url
        self._host = _host_of(url)  # the rest of a URL may be secret
        self._opener = urllib.request.build_opener(_Stay)
        self._waiting: queue.Queue[Alert | None] = queue.Queue(_MOST_WAITING)
        self._seldom = Seldom()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self, alert: Alert) -> None:
        """Send an alert soon; never waits."""
        try:
            self._waiting.put_nowait(alert)
        except queue.Full:
            self._complain("too many alerts wait for it")

    def close(self) -> None:
        """Send nothing more; what is being sent is given up."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._waiting.get_nowait()
        self._waiting.put(None)

    def _run(self) -> None:
        while (alert := self._waiting.get()) is not None:
            headers = {"Content-Type": "application/json"}
            request = urllib.request.Request(self._url, msgspec.json.encode(alert), headers)  # noqa: S310 — checked
            try:
                self._opener.open(request, timeout=_TIMEOUT_S).close()
            except (OSError, HTTPException) as error:  # the second: an answer that is no HTTP
                self._complain(str(error) or type(error).__name__)

    def _complain(self, why: str) -> None:
        if self._seldom(why, time.monotonic()):
            log.warning("webhook failed", host=self._host, error=why)


def _host_of(url: str) -> str:
    """The host of a URL that can be asked; raises ConfigurationError, which does not repeat the URL."""
    try:
        parts = urlsplit(url)
        host, good = parts.hostname, parts.port is None or parts.port > 0
    except ValueError:
        host, good = None, False
    plain = url.isascii() and url.isprintable() and " " not in url
    if not (good and plain and host and parts.scheme in ("http", "https") and "@" not in parts.netloc):
        raise ConfigurationError(
            f"{PREFIX}DASHBOARD_WEBHOOK: allowed is an http:// or https:// URL, percent-encoded, without a user's name"
        )
    return host
