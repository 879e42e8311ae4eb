"""dashboard/stage.py: what the stage asks of the bus, and how it starts and ends."""

import urllib.request

import pytest

from dashboard.board import Viewer
from dashboard.stage import Dashboard
from shared.errors import ConfigurationError
from shared.identity import identify
from shared.settings import load_settings
from shared.stage import Place
from shared.topics import Envelope
from tests.dashboard.made import preview, result


def place(tmp_path, port=0):
    settings = load_settings({"dashboard_port": port, "dashboard_host": "127.0.0.1", "dashboard_token": ""})
    return Place(settings, identify("dashboard"), tmp_path)


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


def test_a_port_in_use_ends_it_with_exit_code_2(stage, tmp_path):
    """Before anything was started."""
    port = int(stage.detail.rsplit(":", 1)[1])
    with pytest.raises(ConfigurationError, match=f"AFFECT_DASHBOARD_PORT={port}"):
        Dashboard(place(tmp_path, port))
