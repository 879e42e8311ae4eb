"""What uvicorn's connections lack: an end to requests that never end, and to peers that stop reading.

Time limits are in seconds.
"""

import asyncio

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from dashboard.limits import LONGER, MOST_SAID

REQUEST_S = 10.0
"""The time for all headers of a request, and for the next part of its body."""
STALL_S = 20.0
"""A peer that reads nothing for so long is cut off."""


class _Stall:
    """Watches a write buffer that is full, and cuts off the peer if it does not shrink."""

    def __init__(self) -> None:
        self._check: asyncio.TimerHandle | None = None
        self._left = 0

    def begin(self, transport: asyncio.Transport) -> None:
        """The buffer is full."""
        self._left = transport.get_write_buffer_size()
        self._check = asyncio.get_running_loop().call_later(STALL_S, self._look, transport)

    def end(self) -> None:
        """There is room again, or the connection has ended."""
        if self._check:
            self._check.cancel()

    def _look(self, transport: asyncio.Transport) -> None:
        if transport.get_write_buffer_size() < self._left:
            self.begin(transport)
        else:
            transport.abort()


class Http(H11Protocol):
    """An HTTP connection whose requests arrive in time."""

    _deadline: asyncio.TimerHandle | None = None
    _for_headers = False

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._stall = _Stall()
        self._watch()

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    @override
    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._rest()
        super().handle_websocket_upgrade(event)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        self._stall.end()
        super().connection_lost(exc)

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall.begin(self.transport)

    @override
    def resume_writing(self) -> None:
        self._stall.end()
        super().resume_writing()

    def _watch(self) -> None:
        """Set the deadline for what is awaited: headers by a time that stays, a body's next part from now on."""
        if self.transport.get_protocol() is not self:
            return
        for_headers = self.cycle is None or self.cycle.response_complete
        if for_headers and self._for_headers and self._deadline:
            return
        self._rest()
        if for_headers or self.cycle.more_body:
            self._deadline = self.loop.call_later(REQUEST_S, self._late)
            self._for_headers = for_headers

    def _rest(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None

    def _late(self) -> None:
        self._deadline = None
        if not self._for_headers and self.flow.read_paused:  # the app takes its time, not the peer
            self._watch()
        else:
            self.transport.abort()


class WebSocket(WebSocketsSansIOProtocol):
    """A WebSocket whose messages are as long as its path allows."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._stall = _Stall()

    @override
    def handle_connect(self, event: Request) -> None:
        path = event.path.partition("?")[0]
        self.conn.max_message_size = LONGER.get(path, MOST_SAID)
        super().handle_connect(event)

    @override
    def handle_cont(self, event: Frame) -> None:
        if event.data or event.fin:  # empty ones count for nothing in a message's size, and would be kept
            super().handle_cont(event)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stall.end()
        super().connection_lost(exc)

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall.begin(self.transport)

    @override
    def resume_writing(self) -> None:
        self._stall.end()
        super().resume_writing()
