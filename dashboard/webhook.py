"""Sends what a rule says to a URL, each as a POST of JSON, from a thread of its own."""

import contextlib
import queue
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import msgspec
import structlog

from dashboard.rules import Alert
from shared.errors import ConfigurationError
from shared.log import Seldom
from shared.settings import PREFIX

log = structlog.get_logger()

_TIMEOUT_S = 5.0
_MOST_WAITING = 32


class Webhook:
    """Sends alerts one after the other; one that finds too many waiting, or is not taken, is logged and dropped.

    Raises ConfigurationError if `url` is none.
    """

    def __init__(self, url: str):
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigurationError(f"{PREFIX}DASHBOARD_WEBHOOK: allowed is an http:// or https:// URL")
        self._url = url
        self._host = parts.hostname  # the rest of a URL may be secret
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
                urllib.request.urlopen(request, timeout=_TIMEOUT_S).close()  # noqa: S310 — checked
            except (OSError, urllib.error.URLError) as error:
                self._complain(str(error))

    def _complain(self, why: str) -> None:
        if self._seldom(why, time.monotonic()):
            log.warning("webhook failed", host=self._host, error=why)
