"""uvicorn in its own thread, on an already bound socket."""

import asyncio
import errno
import socket
import threading
import time
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from typing_extensions import override

from dashboard.connections import Http, WebSocket
from dashboard.doors import Listener
from dashboard.limits import MOST_SAID
from shared.errors import AffectError, ConfigurationError
from shared.settings import PREFIX

_START_S = 10.0
_STOP_S = 2.0
_HUNG_S = 5.0
_HANDSHAKE_S = 10.0
_SLOWEST_S = 60.0  # a pong queues behind a snapshot; the page waits as long


def bind(host: str, port: int) -> Listener:
    """A socket bound to the dashboard's address; raises ConfigurationError naming the setting at fault."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigurationError(f"{PREFIX}DASHBOARD_HOST={host!r} is no address: {error.strerror}") from None
    listener = Listener.over(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRNOTAVAIL:
            fault = f"{PREFIX}DASHBOARD_HOST={host!r} is not an address of this machine"
        else:
            fault = (
                f"{PREFIX}DASHBOARD_PORT={port} cannot be used: {error.strerror}; "
                f"stop what uses it or set {PREFIX}DASHBOARD_PORT to another (0 takes a free one)"
            )
        raise ConfigurationError(fault) from None
    return listener


def url_of(listener: socket.socket, host: str = "", scheme: str = "http") -> str:
    """The address to open in a browser on this machine; `host`: another name or address of it."""
    bound, port = listener.getsockname()[:2]
    host = host or {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bound, bound)  # noqa: S104 — replaced, not bound
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


class _Uvicorn(uvicorn.Server):
    """Reports when it is up and when its loop last ran."""

    def __init__(self, config: uvicorn.Config):
        super().__init__(config)
        self.up = threading.Event()
        self.turned_at = 0.0

    @override
    async def on_tick(self, counter: int) -> bool:
        self.turned_at = time.monotonic()
        self.up.set()
        return await super().on_tick(counter)

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, with a limit on the time for a TLS handshake."""
        loop = asyncio.get_running_loop()
        config = self.config

        def connect() -> asyncio.Protocol:
            return config.http_protocol_class(config=config, server_state=self.server_state, app_state={})  # type: ignore[call-arg]

        limit_s = _HANDSHAKE_S if config.ssl else None
        self.servers = [
            await loop.create_server(connect, sock=one, ssl=config.ssl, ssl_handshake_timeout=limit_s)
            for one in sockets or ()
        ]
        self.started = True


class Server:
    """Serves an app on `listener` from `start` to `stop`; `pem`: a file with the key and certificate for HTTPS."""

    def __init__(self, app: FastAPI, listener: Listener, pem: Path | None = None):
        self._listener = listener
        listener.greets = pem is None
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                app,
                http=Http,
                ws=WebSocket,
                ws_max_size=MOST_SAID,
                ws_per_message_deflate=False,
                ws_ping_timeout=_SLOWEST_S,
                lifespan="off",
                ssl_certfile=pem,
                log_config=None,
                log_level="error",  # below it, addresses with tokens and whatever strangers send
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._uvicorn.run, args=([listener],), daemon=True)

    def start(self) -> None:
        """Return once it answers; raises AffectError if it does not start."""
        self._thread.start()
        if not self._uvicorn.up.wait(_START_S):
            raise AffectError(f"the web server did not start within {_START_S:g} s")

    def healthy(self, now: float) -> bool:
        """Whether its loop ran recently; `now` in monotonic seconds."""
        return self._thread.is_alive() and now - self._uvicorn.turned_at < _HUNG_S

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self._uvicorn.should_exit = True
        self._thread.join(_STOP_S)
        self._listener.close()
