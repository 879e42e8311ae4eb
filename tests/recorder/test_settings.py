"""Which settings a recording has, and how its captures get them."""

import os
from pathlib import Path

import pytest

from capture.names import parse_sources
from recorder.inputs import Clip
from recorder.settings import ROWS_DEPEND_ON, as_text, kept, of_capture, private, runtime_dir_of, workers
from shared.settings import PREFIX, Settings, load_settings


@pytest.mark.parametrize(
    "name", ["a, b=c.mp4", "-dash.mp4", "Ü 😀.mp4", "blank behind.mp4 ", "back\\,slash.mp4", "a,b"]
)
def test_every_name_reaches_the_capture(tmp_path, name):
    """As the one source of its list, under its own name."""
    (tmp_path / name).write_bytes(b"x")
    listed = of_capture(Clip("clip", "clip", tmp_path / name), tmp_path / "links")["capture_source"]
    (source,) = parse_sources(listed, lambda _: False, os.path.exists)
    assert source.name == "clip"
    assert Path(source.spec).read_bytes() == b"x"


def test_kept_settings_come_back_the_same(tmp_path, monkeypatch):
    """`--repeat` sets what `run.json` says, whatever the environment says now."""
    wanted = {"detect_thresholds": "0.5,0.6,0.7", "min_face_size": 33, "detect_turned": True, "capture_start": 1.5}
    before = load_settings({"runtime_dir": tmp_path, **wanted})
    for name, value in kept(before).items():
        monkeypatch.setenv(f"{PREFIX}{name.upper()}", as_text(value))
    assert kept(load_settings({"runtime_dir": tmp_path})) == kept(before)


def test_no_setting_that_rows_depend_on_is_forgotten():
    """A new one of detector, classifier or smoother belongs into `run.json`, or here."""
    others = {"runtime_dir", "deadline_ms", "window", "window_mb", "threads", "classify_batch"}
    ways = ("bus_", "capture_", "preview_", "dashboard_", "log_")
    rest = {name for name in Settings.model_fields if not name.startswith(ways)} - others
    assert rest <= set(ROWS_DEPEND_ON)


def test_each_folder_has_a_runtime_directory_of_its_own(tmp_path):
    """Always the same one, short enough for a socket's path."""
    settings = Settings(_env_file=None, runtime_dir=Path("/run/user/1000/affectstream"))
    first, second = (runtime_dir_of(settings, tmp_path / name) for name in ("a" * 200, "b"))
    assert first != second
    assert first == runtime_dir_of(settings, tmp_path / "c" / ".." / ("a" * 200))
    assert load_settings(private(first)).bus_in_address == f"ipc://{first}/bus.in"


def test_workers():
    """As many as asked for; without a wish at least one of each, and no more than a few for one clip."""
    assert workers(5, 1) == (5, 3)
    assert min(workers(None, 1)) >= 1
    assert workers(None, 1)[0] <= 3
