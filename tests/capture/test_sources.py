"""Which source a spec gets."""

import os
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from capture.sources import (
    DemoSource,
    DeviceSource,
    FileSource,
    FolderSource,
    HttpSource,
    ImageSource,
    Source,
    SourceError,
    UrlSource,
    open_source,
    path_exists,
)

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems number devices in other ways")


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
        ("HTTP://u:p@h/x", HttpSource),
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
        live = kind in (DeviceSource, UrlSource, HttpSource)
        assert (source.live_only, source.paced) == (live, not live)
    assert made("~/folder.mp4").label == str(tmp_path / "folder.mp4")
    assert made("rtsp://u:p@h/x").label == "rtsp://u:***@h/x"


@pytest.mark.parametrize(
    "name",
    ["caf\udce9.png", "a,b.png", "a=b.png", "-a.png", "😀.png", " a b .png", "two\nlines.png", "%2C.png", "a:b@c.png"],
)
def test_any_file_name_is_read(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are bytes to the operating system; what is shown of them is UTF-8 in one line."""
    monkeypatch.chdir(tmp_path)
    Image.new("L", (9, 9), 7).save("good.png")
    try:
        Path("good.png").rename(name)
    except OSError:
        pytest.skip("no such names on this file system")
    source = made(name)
    source.open()
    frame = source.read()
    assert frame is not None
    assert frame.image[0, 0, 0] == 7
    assert source.label.encode().decode().isprintable()
    assert path_exists(name)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("~no-such-user/x.mp4", "~no-such-user/x.mp4: No such file or directory"),
        ("no/caf\udce9.mp4", r"no/caf\\xe9.mp4: No such file or directory"),
        ("pipe.mp4", "is no file, folder or camera"),
        pytest.param("/dev/null", "/dev/null: is a device, but no camera", marks=linux),
        ("x" * 300 + ".mp4", "name too long"),
        ("good.png/x.mp4", "Not a directory"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(
    tmp_path: Path, spec: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the name and the reason; nothing hangs on a pipe."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe.mp4")
    Path("good.png").write_bytes(b"")
    with pytest.raises(SourceError, match=reason) as caught:
        made(spec).open()
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_character_device_of_the_video_system_is_a_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever link leads to it."""
    link = tmp_path / "my-camera"
    link.write_bytes(b"")
    camera = SimpleNamespace(st_mode=stat.S_IFCHR, st_rdev=os.makedev(81, 2))
    monkeypatch.setattr(Path, "stat", lambda path, **_: camera)
    source = made(str(link))
    assert type(source) is DeviceSource
    assert source.label == f"camera {link}"


def test_a_path_that_cannot_be_looked_at_does_not_exist() -> None:
    """Rather than ending in a traceback."""
    assert not path_exists("x" * 300)
    assert not path_exists("~no-such-user/x")
