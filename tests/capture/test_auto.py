"""What `auto` shows, and that a crash does not change it."""

import dataclasses

import pytest

from capture import auto
from shared.identity import identify
from shared.settings import Settings
from shared.stage import Place


@pytest.fixture
def place(tmp_path):
    return Place(Settings(_env_file=None, runtime_dir=tmp_path), identify("capture"), tmp_path / "state")


@pytest.fixture
def camera(monkeypatch):
    plugged = {"in": True}
    monkeypatch.setattr(auto, "camera_opens", lambda _: plugged["in"])
    return plugged


@pytest.mark.parametrize("there", [True, False])
def test_what_was_found_outlives_a_crash(place, camera, there):
    """A capture restarted while its camera is unplugged waits for it instead of showing the demo, and the reverse."""
    camera["in"] = there
    assert auto.find_camera(place, 0) is there
    camera["in"] = not there
    assert auto.find_camera(dataclasses.replace(place, restarted=True), 0) is there


def test_a_new_start_looks_again(place, camera):
    """Started anew by its user, what an earlier run found counts for nothing."""
    assert auto.find_camera(place, 0)
    camera["in"] = False
    assert not auto.find_camera(place, 0)


def test_a_crash_before_the_answer_looks_again(place, camera):
    """Nothing was written down yet, so the camera is tried."""
    assert auto.find_camera(dataclasses.replace(place, restarted=True), 0)
