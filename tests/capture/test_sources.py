"""Which source a spec gets."""

from pathlib import Path

import pytest
from PIL import Image

from capture.sources import (
    DemoSource,
    DeviceSource,
    FileSource,
    FolderSource,
    ImageSource,
    Source,
    UrlSource,
    open_source,
)


def made(spec: str) -> Source:
    """The source of a spec, not opened."""
    return open_source(spec, clock=lambda: 0.0, max_pixels=1_000_000)


def test_open_source_picks_by_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of spec gets its source with its properties, and nothing is decoded in doing so."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "film.jpg").write_bytes(b"\0\0\0\x20ftypisom" + bytes(20))
    Image.new("L", (9, 9)).save(tmp_path / "photo.mp4", "PNG")
    kinds = [
        ("demo", DemoSource),
        ("3", DeviceSource),
        ("/dev/video3", DeviceSource),
        ("rtsp://u:p@h/x.jpg", UrlSource),
        ("a/b.mp4", FileSource),
        ("a/b.JPG", ImageSource),
        ("a/b.gif", ImageSource),
        ("~/folder.mp4", FolderSource),
        ("~/film.jpg", FileSource),
        ("~/photo.mp4", ImageSource),
    ]
    for spec, kind in kinds:
        source = made(spec)
        assert type(source) is kind
        live = kind in (DeviceSource, UrlSource)
        assert (source.live_only, source.paced) == (live, not live)
    assert made("~/folder.mp4").label == str(tmp_path / "folder.mp4")
    assert made("rtsp://u:p@h/x").label == "rtsp://u:***@h/x"
