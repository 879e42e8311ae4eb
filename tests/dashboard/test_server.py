"""dashboard/server.py: the address, and a server that starts, answers and stops."""

import re
import time
import urllib.request

import pytest

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.board import Board
from dashboard.server import Server, bind, url_of
from shared.errors import ConfigurationError


def test_a_port_in_use_names_the_setting_and_the_remedy():
    """Exit code 2, not a traceback."""
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"AFFECT_DASHBOARD_PORT={port} .*in use.*set.*another") as error:
            bind("127.0.0.1", port)
    assert error.value.exit_code == 2


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_that_is_not_ours_names_the_setting(host):
    """192.0.2.1 is nobody's (RFC 5737)."""
    with pytest.raises(ConfigurationError, match=re.escape(f"AFFECT_DASHBOARD_HOST={host!r}")):
        bind(host, 0)


def test_it_answers_until_it_is_stopped():
    """In a thread of its own, and then the port is free."""
    listener = bind("127.0.0.1", 0)
    url = url_of(listener)
    server = Server(create_app(Board(), Access(), time.monotonic), listener)
    server.start()
    try:
        assert server.healthy(time.monotonic())
        assert not server.healthy(time.monotonic() + 60), "a loop that has not turned for a minute hangs"
        with urllib.request.urlopen(f"{url}/static/icon.svg", timeout=5) as answer:  # noqa: S310 — our own address
            assert b"<svg" in answer.read()
    finally:
        server.stop()
    assert not server.healthy(time.monotonic())
    bind("127.0.0.1", int(url.rsplit(":", 1)[1])).close()  # the port is free again
