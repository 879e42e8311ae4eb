"""`affectstream devices`: what may be a camera."""

from pathlib import Path

from affectstream.devices import candidates


def test_cameras_are_found_as_each_system_names_them(tmp_path: Path) -> None:
    """Linux has a file for each; elsewhere the first few numbers are tried."""
    for name in ("video10", "video2", "videos", "null"):
        (tmp_path / name).touch()
    assert candidates("linux", tmp_path) == [2, 10]
    assert candidates("darwin", tmp_path) == [0, 1, 2, 3]
