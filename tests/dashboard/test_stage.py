"""dashboard/stage.py: what the stage asks of the bus, and how it starts and ends."""

import re
import ssl
import time
import urllib.error
import urllib.request

import msgspec
import pytest

from affectstream import health
from dashboard.board import Viewer
from dashboard.stage import Dashboard
from shared.errors import ConfigurationError
from shared.identity import identify
from shared.settings import load_settings
from shared.stage import Place
from shared.topics import Envelope
from tests.dashboard.made import face, preview, result, status


def place(tmp_path, port=0, restarted=False, **further):
    given = {"dashboard_port": port, "dashboard_host": "127.0.0.1", "dashboard_token": "", "runtime_dir": tmp_path}
    return Place(load_settings(given | further), identify("dashboard"), tmp_path / "state", restarted)


@pytest.fixture
def stage(tmp_path):
    stage = Dashboard(place(tmp_path))
    yield stage
    stage.close()


def test_previews_are_wanted_only_while_somebody_watches(stage):
    """A capture makes JPEGs as long as one subscriber wants them."""
    assert stage.topics() == ("smoothed/", "status/")
    assert stage.further_topics(0) == frozenset()
    with stage._board.attach(Viewer(lambda: None)) as viewer:
        assert stage.further_topics(0) == frozenset()
        viewer.pictures = "blurred"
        assert stage.further_topics(0) == {"preview/"}
        viewer.sources = frozenset({"cam0"})
        assert stage.further_topics(0) == {"preview/cam0/"}
    assert stage.further_topics(0) == frozenset()


def test_what_it_hears_is_served(stage):
    """From the bus's thread to the web's, and counted."""
    stage.handle([Envelope("smoothed", "cam0", result(5)), Envelope("preview", "cam0", preview(5))], 0.0)
    with urllib.request.urlopen(f"{stage.detail}/api/sources", timeout=5) as answer:  # noqa: S310 — our own address
        assert b'"seq":5' in answer.read()
    assert stage.meter.counters == {"in": 1, "previews": 1}


def test_the_address_is_printed(capsys, tmp_path):
    """`make run` shows where to look."""
    other = Dashboard(place(tmp_path))
    other.close()
    assert f" {other.detail}\n" in capsys.readouterr().out


def test_an_address_that_works_is_printed_with_a_token_and_only_there(capsys, tmp_path):
    """Others may reach it, so that one is made; its status, which goes to all, does not have it."""
    other = Dashboard(place(tmp_path, dashboard_host="0.0.0.0"))
    try:
        captured = capsys.readouterr()
        (address,) = re.findall(r"affectstream dashboard: (\S+)", captured.out)
        token = address.partition("/?token=")[2]
        assert len(token) >= 16
        assert (captured.out + captured.err).count(token) == 1
        assert token not in other.detail
        with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310 — our own address
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{other.detail}/api/sources", timeout=5)  # noqa: S310 — our own address
    finally:
        other.close()


def test_a_chosen_token_is_not_printed(capsys, tmp_path):
    """Whoever chose it knows it, and logs are kept."""
    chosen = "abcdefghijklmnop"
    Dashboard(place(tmp_path, dashboard_token=chosen)).close()
    captured = capsys.readouterr()
    assert "AFFECT_DASHBOARD_TOKEN" in captured.out
    assert chosen not in captured.out + captured.err


def test_what_a_rule_says_is_sent_once(monkeypatch, tmp_path):
    """Of each result once, also where it is repeated on the bus."""
    sent = []
    monkeypatch.setattr("dashboard.webhook.Webhook.send", lambda _, alert: sent.append((alert.rule, alert.track_id)))
    rules = {"dashboard_rules": "happy > 0.6 for 0 s", "dashboard_webhook": "http://127.0.0.1:9/"}
    other = Dashboard(place(tmp_path, **rules))
    try:
        shown = result(0, faces=(face(3),))
        other.handle([Envelope("smoothed", "cam0", shown)], 0.0)
        other.handle([Envelope("smoothed", "cam0", msgspec.structs.replace(shown, repeat=True))], 0.1)
    finally:
        other.close()
    assert sent == [("happy > 0.6 for 0 s", 3)]


def test_over_https(capsys, tmp_path, monkeypatch):
    """With a certificate that names this machine; a container's health check asks the same way."""
    other = Dashboard(place(tmp_path, dashboard_https=True))
    try:
        assert other.detail.startswith("https://127.0.0.1:")
        trusting = ssl.create_default_context(cafile=tmp_path / "dashboard.pem")
        with urllib.request.urlopen(f"{other.detail}/api/sources", timeout=5, context=trusting) as answer:  # noqa: S310
            assert answer.status == 200
        monkeypatch.setenv("AFFECT_DASHBOARD_HTTPS", "1")
        monkeypatch.setenv("AFFECT_DASHBOARD_PORT", other.detail.rpartition(":")[2])
        assert health.main() == 1
        assert '"unavailable"' in capsys.readouterr().out
    finally:
        other.close()


def test_a_port_in_use_ends_it_with_exit_code_2(stage, tmp_path):
    """Before anything was started."""
    port = int(stage.detail.rsplit(":", 1)[1])
    with pytest.raises(ConfigurationError, match=f"AFFECT_DASHBOARD_PORT={port}"):
        Dashboard(place(tmp_path, port))


def test_what_viewers_ask_for_is_said_on_the_bus(stage):
    """Until a capture has it; at the end it is closed."""
    capture = status("capture")
    stage.handle([Envelope("status", capture.process, capture)], time.monotonic())
    asked = urllib.request.Request(  # noqa: S310 — our own address
        f"{stage.detail}/api/sources", b'{"source": "door", "spec": "demo"}', {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(asked, timeout=5) as answer:  # noqa: S310
        assert answer.status == 202
    (said,) = stage.tick(time.monotonic())
    assert (said.topic, said.key) == ("control", capture.process)
    assert (said.message.source, said.message.opening.spec) == ("door", "demo")
    assert 0 <= stage.wake_in(time.monotonic()) <= 1
    (said,) = stage.stop(time.monotonic())
    assert (said.message.source, said.message.opening) == ("door", None)
