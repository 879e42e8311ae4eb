"""dashboard/doors.py, connections.py: who costs what before anybody knows who it is."""

import base64
import contextlib
import datetime as dt
import ipaddress
import json
import os
import socket
import time

import pytest
import websockets.exceptions
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from dashboard import connections
from dashboard.certificate import certificate
from dashboard.doors import Doors, origin
from dashboard.server import Server, bind, url_of
from tests.dashboard.desk import Desk, eventually
from tests.dashboard.made import preview, result, source_status, status


@pytest.fixture
def quick(monkeypatch):
    """Time limits that a test can wait for."""
    monkeypatch.setattr(connections, "REQUEST_S", 0.3)
    monkeypatch.setattr(connections, "STALL_S", 0.3)


class Served:
    """A dashboard on a port, to which connections are made by hand."""

    def __init__(self, pem=None):
        self.desk = Desk()
        self.listener = bind("127.0.0.1", 0)
        self.address = self.listener.getsockname()
        self.url = url_of(self.listener)
        self.server = Server(self.desk.app, self.listener, pem)
        self.server.start()

    def dial(self, said=b""):
        connection = socket.create_connection(self.address, timeout=20)
        connection.sendall(said)
        return connection


@pytest.fixture
def served():
    one = Served()
    yield one
    one.server.stop()


def test_doors_count_in_all_and_by_address():
    """A share for each, and whoever leaves makes room."""
    doors = Doors(most=3, share=2)
    assert [doors.admit(address) for address in ("a", "a", "a", "b", "c")] == [True, True, False, True, False]
    doors.release("a")
    assert doors.admit("c")
    assert len(doors) == 3


def test_whose_an_address_is():
    """Of IPv6 a whole network is one's own."""
    assert origin("192.0.2.7") == "192.0.2.7"
    assert origin("2001:db8::7") == origin("2001:db8::9") != origin("2001:db8:0:1::7")
    assert origin("fe80::1%eth0") == "fe80::/64"
    assert origin("::ffff:192.0.2.7") == "192.0.2.7"


@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\nHost: 127", b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nab"]
)
def test_a_request_that_never_ends_is_cut_off(served, quick, said):
    """In its headers, before them, or in its body."""
    with served.dial(said) as connection, contextlib.suppress(ConnectionResetError):
        while connection.recv(4096):
            pass
    eventually(lambda: len(served.listener.doors) == 0)


def test_headers_that_trickle_in_are_cut_off(served, quick):
    """The time is that for all of them, and counts anew for each request."""
    with served.dial(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 503")
        connection.settimeout(0.05)
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begun < 20:
                connection.sendall(b"G")
                with contextlib.suppress(TimeoutError):
                    if not connection.recv(4096):
                        break
        assert time.monotonic() - begun < 20
    eventually(lambda: len(served.listener.doors) == 0)


def test_a_request_in_time_is_answered_however_long_it_stays(served, quick):
    """A WebSocket is no request that never ends."""
    with connect(served.url.replace("http", "ws") + "/view") as viewer:
        time.sleep(0.5)
        viewer.send("{}")
        assert viewer.recv()


def test_connections_above_the_limit_are_told_and_closed(served):
    """Before anything is read from them; when another has gone, the next may come in."""
    served.listener.doors = Doors(most=4, share=2)
    with served.dial():
        with served.dial():
            eventually(lambda: len(served.listener.doors) == 2)
            with served.dial() as third:
                assert b"too many connections" in third.recv(4096)
        eventually(lambda: len(served.listener.doors) == 1)
        with served.dial(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as fourth:
            assert b"application/json" in fourth.recv(4096)


def test_two_hundred_half_open_connections_are_gone_in_time(served, quick):
    """Some at once, as they are above the share of their address, the others when their time is up."""
    with contextlib.ExitStack() as held:
        for _ in range(200):
            held.enter_context(served.dial(b"GET / HTTP/1.1\r\n"))
        eventually(lambda: len(served.listener.doors) == 0)


def test_a_tls_handshake_that_never_ends_is_cut_off(tmp_path, monkeypatch):
    """It counts before anything is known of it."""
    monkeypatch.setattr("dashboard.server._HANDSHAKE_S", 0.3)
    pem = certificate(tmp_path, ["localhost"], [ipaddress.ip_address("127.0.0.1")], dt.datetime.now(dt.UTC))
    served = Served(pem)
    try:
        with served.dial() as connection:
            eventually(lambda: len(served.listener.doors) == 1)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(4096) == b""
        eventually(lambda: len(served.listener.doors) == 0)
    finally:
        served.server.stop()


def test_a_viewer_that_stops_reading_is_dropped_and_costs_little(served, quick):
    """A snapshot in our buffer and those in the system's: no more is made for it."""
    key = base64.b64encode(os.urandom(16)).decode()
    hello = "GET /view HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    hello += f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    said = json.dumps({"pictures": "shown"}).encode()
    masked = bytes([0x81, 0x80 | len(said), 0, 0, 0, 0]) + said
    picture = os.urandom(1 << 20)
    with served.dial(hello.encode()) as viewer:
        eventually(lambda: served.desk.board.viewers == 1)
        for seq in range(200):
            with contextlib.suppress(ConnectionError):
                viewer.sendall(masked)
            served.desk.hear(preview(seq, jpeg=picture), result(seq))
            if not served.desk.board.viewers:
                break
            time.sleep(0.02)
        eventually(lambda: served.desk.board.viewers == 0)
        assert served.desk.board.sent < 20
    eventually(lambda: len(served.listener.doors) == 0)


def test_a_stream_that_is_not_read_is_dropped(served, quick):
    """As a WebSocket is."""
    served.desk.hear(status("capture", sources=[source_status()]))
    with served.dial(b"GET /api/sources/cam0/stream.mjpeg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"):
        eventually(lambda: served.desk.board.viewers == 1)
        for seq in range(200):
            served.desk.hear(preview(seq, jpeg=os.urandom(1 << 20)), result(seq))
            if not served.desk.board.viewers:
                break
            time.sleep(0.02)
        eventually(lambda: served.desk.board.viewers == 0)


def test_a_message_is_as_long_as_its_path_allows(served):
    """The server's library closes the connection before a longer one has arrived."""
    with connect(served.url.replace("http", "ws") + "/view") as viewer:
        viewer.send("x" * 5000)
        with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
            viewer.recv()
    assert closed.value.rcvd.code == 1009


def test_empty_parts_of_a_message_are_not_kept(served):
    """They would fill the memory without making it any longer."""
    with connect(served.url.replace("http", "ws") + "/view") as viewer:
        viewer.send(["{", *[""] * 1000, "}"])
        assert viewer.recv()
    connection = object.__new__(connections.WebSocket)
    connection.frames = []
    connection.handle_cont(Frame(Opcode.CONT, b"", fin=False))
    assert connection.frames == []
