"""dashboard/access.py: who is let in."""

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from dashboard.access import Access
from dashboard.app import create_app
from dashboard.board import Board

HERE = "http://127.0.0.1:8000"


def browser(token="", host="127.0.0.1", base=HERE):
    return TestClient(create_app(Board(), Access(host, token), clock=lambda: 0.0), base_url=base)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "localhost", "[::1]:8000", "LOCALHOST:8000"])
def test_this_machine_by_its_names(host):
    """Every loopback name, with and without a port."""
    assert browser().get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example:8000", "127.0.0.1.evil.example", "", "[::1", "10.0.0.7:8000"])
def test_another_host_is_refused(host):
    """DNS rebinding: a page that made its own name point here names itself in the Host header."""
    answer = browser().get("/api/sources", headers={"host": host})
    assert answer.status_code == 400
    assert "[]" not in answer.text


def test_the_configured_host_is_known():
    """And it alone, beside loopback."""
    access = Access("cam.lan", "secret", "10.0.0.7")
    assert access.knows_host("cam.lan:8000")
    assert access.knows_host("10.0.0.7:8000"), "the address of that name"
    assert not access.knows_host("other.lan:8000")
    assert not access.knows_host("10.0.0.8:8000")


@pytest.mark.parametrize(("host", "bound"), [("fd00:0:0::7", "fd00::7"), ("FD00::7", "fd00::7"), ("10.7", "10.0.0.7")])
def test_an_address_may_be_written_in_any_way(host, bound):
    """A browser names it in its own way."""
    access = Access(host, "secret", bound)
    assert access.knows_host(f"[{bound}]:8000" if ":" in bound else f"{bound}:8000")
    assert not access.knows_host("[fd00::8]:8000")


@pytest.mark.parametrize(("host", "bound"), [("0.0.0.0", "0.0.0.0"), ("::", "::"), ("0", "0.0.0.0"), ("::0", "::")])
def test_an_address_bound_to_all_answers_to_any_ip_but_no_name(host, bound):
    """An IP address cannot be rebound; a name can."""
    access = Access(host, "secret", bound)
    assert access.knows_host("10.0.0.7:8000")
    assert access.knows_host("[fd00::7]:8000")
    assert not access.knows_host("evil.example:8000")


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:9999", "null", "http://["])
def test_a_foreign_page_opens_no_websocket(origin):
    """The browser tells where a page came from; only ours may connect."""
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        browser().websocket_connect("ws://127.0.0.1:8000/view", headers={"origin": origin}),
    ):
        pass
    assert refused.value.code == 1008


@pytest.mark.parametrize("headers", [{}, {"origin": HERE}])
def test_our_page_and_programs_open_one(headers):
    """Programs send no Origin."""
    with browser().websocket_connect("ws://127.0.0.1:8000/view", headers=headers) as socket:
        socket.send_text("{}")
        assert socket.receive_bytes()


def test_nobody_else_may_read_across_origins():
    """No CORS header is ever sent, and the page may load from here alone."""
    answer = browser().get("/api/sources", headers={"origin": HERE})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert browser().get("/api/sources", headers={"origin": "http://evil.example"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/api/sources", "/api/processes", "/metrics", "/static/icon.svg"])
def test_with_a_token_nothing_is_open_without_it(path):
    """The refusal says how to get in, not what the token is."""
    for query in ("", "?token=", "?token=wrong", "?token=secret%00", "?token=Secret", "?token=%ff"):
        answer = browser("secret").get(path + query)
        assert answer.status_code == 401
        assert "?token=" in answer.text
        assert "Authorization: Bearer" in answer.text
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "secret" not in answer.text
        assert "set-cookie" not in answer.headers


def test_the_token_once_then_a_cookie():
    """`?token=` is given once; the cookie is for this browser's own requests only, and is not the token."""
    viewer = browser("secret")
    first = viewer.get("/?token=secret")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "secret" not in cookie
    assert viewer.get("/api/sources").status_code == 200
    with viewer.websocket_connect("ws://127.0.0.1:8000/view") as socket:
        socket.send_text("{}")
        assert socket.receive_bytes()


@pytest.mark.parametrize("other", ['prefs={"a":1}', "a b=1", "x[y]=1", "plain"])
def test_other_programs_cookies_do_not_hide_ours(other):
    """Cookies ignore ports, so whatever runs on the same address sends its own along, however odd."""
    access = Access("127.0.0.1", "secret")
    headers = {"cookie": f"{other}; {access.cookie_name}={access.cookie}"}
    assert browser("secret").get("/", headers=headers).status_code == 200


def test_two_dashboards_on_one_host_share_a_browser():
    """Behind two tunnels, say: whoever knows both tokens is known to both."""
    first, second = Access("127.0.0.1", "secret"), Access("127.0.0.1", "another")
    assert first.cookie_name != second.cookie_name
    headers = {"cookie": f"{first.cookie_name}={first.cookie}; {second.cookie_name}={second.cookie}"}
    assert [browser(token).get("/", headers=headers).status_code for token in ("secret", "another")] == [200, 200]


@pytest.mark.parametrize("cookie", ["", "x", "{}=", "{}=secret", "{}=é", "=;=;", "a" * 5000])
def test_a_made_up_cookie_opens_nothing(cookie):
    """Neither a malformed one nor the token itself."""
    headers = {"cookie": cookie.format(Access("127.0.0.1", "secret").cookie_name).encode()}
    assert browser("secret").get("/api/sources", headers=headers).status_code == 401


def test_a_websocket_asks_for_the_token_too():
    """The pictures come over it."""
    with (
        pytest.raises(WebSocketDisconnect),
        browser("secret").websocket_connect("ws://127.0.0.1:8000/view"),
    ):
        pass


def test_health_is_told_without_a_token():
    """A health check knows no token; it learns the stages' states, nothing else."""
    assert browser("secret").get("/healthz").status_code == 503


@pytest.mark.parametrize("header", ["Bearer secret", "bearer  secret"])
def test_programs_send_the_token_in_a_header(header):
    """And get no cookie."""
    answer = browser("secret").get("/api/sources", headers={"authorization": header})
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("header", ["secret", "Bearer", "Bearer wrong", "Basic c2VjcmV0", "Bearer é"])
def test_another_header_opens_nothing(header):
    """Neither another scheme nor another token."""
    headers = {"authorization": header.encode()}
    assert browser("secret").get("/api/sources", headers=headers).status_code == 401


def test_a_cookie_over_https_stays_there():
    """A browser that asks over plain HTTP keeps it to itself."""
    client = TestClient(
        create_app(Board(), Access("127.0.0.1", "secret"), lambda: 0.0), base_url="https://127.0.0.1:8000"
    )
    assert client.get("/?token=secret").headers["set-cookie"].endswith("; Secure")
    assert not browser("secret").get("/?token=secret").headers["set-cookie"].endswith("; Secure")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_foreign_page_changes_nothing(method):
    """Its form or script says where it came from; a program says nothing."""
    refused = browser().request(method, "/api/sources", headers={"origin": "http://evil.example"})
    assert (refused.status_code, browser().request(method, "/api/sources").status_code) == (403, 405)


def test_what_the_page_may_load_and_do():
    """Nothing inline, nothing from elsewhere; pictures and films that it made itself, and its own camera."""
    headers = browser().get("/").headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["worker-src"] == "'self'"
    assert policy["img-src"] == policy["media-src"] == "'self' blob:"
    assert "camera=(self)" in headers["permissions-policy"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-length": "70000"}, 413),
        ({"content-length": "x"}, 413),
        ({"transfer-encoding": "chunked"}, 411),
        ({"content-length": "10"}, 405),
    ],
)
def test_a_long_body_is_refused_before_it_is_read(headers, status):
    """Uploads have a path, and a limit, of their own."""
    assert browser().post("/api/sources", headers=headers).status_code == status
    assert browser().post("/api/uploads", headers={"content-length": "70000"}).status_code == 404


def test_without_a_token_no_cookie_is_set():
    """`?token=` means nothing then."""
    assert "set-cookie" not in browser().get("/?token=").headers
