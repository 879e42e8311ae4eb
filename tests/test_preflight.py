"""What is wrong is said once, all of it, before anything starts."""

import shutil
import socket

import pytest

from affectstream import preflight
from shared import locks
from shared.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(_env_file=None, runtime_dir=tmp_path / "run", dashboard_port=0, device="cpu")


def test_nothing_is_wrong(settings):
    """And nothing is left behind but the runtime folder."""
    assert list(preflight.find_faults(settings)) == []
    assert [path.name for path in settings.runtime_dir.iterdir() if path.suffix != ".lock"] == []


def test_everything_wrong_is_said_at_once(settings, tmp_path):
    """Sources, port, model, folder and another pipeline."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings.runtime_dir.mkdir(mode=0o700)
        held = locks.take(settings.runtime_dir, "bus", "the bus")
        changed = {"capture_source": "door=", "dashboard_port": port, "classifier_model": "emotion-none"}
        faults = list(preflight.find_faults(settings.model_copy(update=changed)))
        held.release()
    for sign in ("AFFECT_CAPTURE_SOURCE", f"AFFECT_DASHBOARD_PORT={port}", "emotion-none", "the bus"):
        assert any(sign in fault for fault in faults), sign
    assert len(faults) == 4


def test_a_full_or_foreign_disk_is_named(settings, monkeypatch):
    """With the setting, and what is missing."""
    monkeypatch.setattr(shutil, "disk_usage", lambda path: type("Usage", (), {"free": 3_000_000}))
    (fault,) = preflight.find_faults(settings)
    assert "AFFECT_RUNTIME_DIR" in fault
    assert "3 MB are free" in fault


def test_a_misspelt_setting_ends_it(monkeypatch, capsys, tmp_path):
    """With 2, and the nearest name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AFFECT_SMOTHING", "0.5")
    assert preflight.main() == 2
    assert capsys.readouterr().err == (
        "affectstream: no such setting: AFFECT_SMOTHING (meant AFFECT_SMOOTHING?); docs/settings.md lists all\n"
    )


def test_another_version_is_refused_by_name(settings):
    """Before the bus's own lock is looked at: that would only say that there is one."""
    settings.runtime_dir.mkdir(mode=0o700)
    with locks.share_version(settings.runtime_dir, "affectstream 9.0"):
        (fault,) = preflight.find_faults(settings)
    assert "in use by affectstream 9.0" in fault
