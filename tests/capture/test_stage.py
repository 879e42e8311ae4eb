"""The capture's stage: what it does before it reads."""

import threading
from types import SimpleNamespace

import pytest

from capture import host, reader, stage
from shared.identity import identify
from shared.messages import Gone
from shared.settings import Settings, load_settings
from shared.stage import Place


@pytest.mark.parametrize(("platform", "asked"), [("darwin", True), ("linux", False)])
def test_macos_is_asked_for_the_camera_on_the_main_thread(tmp_path, monkeypatch, platform, asked):
    """Elsewhere its question never appears, and the camera never opens."""
    threads = []
    monkeypatch.setattr(host, "sys", SimpleNamespace(platform=platform))
    monkeypatch.setattr(host, "camera_opens", lambda index: threads.append((index, threading.current_thread())))
    monkeypatch.setattr(reader.Reader, "start", lambda _: None)
    monkeypatch.setattr(reader.Reader, "stop", lambda _: None)
    settings = Settings(_env_file=None, runtime_dir=tmp_path, capture_source="3")
    stage.Capture(Place(settings, identify("capture"), tmp_path / "state")).close()
    assert threads == ([(3, threading.main_thread())] if asked else [])


@pytest.mark.parametrize(("ack", "ends"), [("smoother", True), ("recorder", False)])
def test_a_stopped_replay_that_is_recorded_may_go_on_later(tmp_path, monkeypatch, ack, ends):
    """So its epoch has no end; others are told that no more frames come."""
    monkeypatch.setattr(reader.Reader, "start", lambda _: None)
    monkeypatch.setattr(reader.Reader, "stop", lambda _: None)
    given = {"capture_source": "demo", "capture_mode": "replay", "capture_ack": ack}
    place = Place(load_settings({"runtime_dir": tmp_path, **given}), identify("capture"), tmp_path / "state")
    capture = stage.Capture(place)
    (hosted,) = capture._hosted.values()
    hosted.window.last_sent, hosted.window.is_open = 3, True
    said = [message for _, _, message in capture.stop(1.0) if isinstance(message, Gone)]
    capture.close()
    assert [(message.end, message.reason) for message in said] == [(True, "ended")] * ends
