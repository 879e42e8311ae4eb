"""What AFFECT_CAPTURE_SOURCE may say, and that no password is repeated."""

from collections.abc import Sequence

import pytest

from capture.names import SourceSpec, parse_source, parse_sources, redact
from shared.errors import ConfigurationError


def parsed(value: str, camera: bool = False, files: Sequence[str] = ()) -> list[tuple[str, str]]:
    """(name, spec) of each source; `camera` is whether camera 0 opens, `files` are those that exist."""
    sources = parse_sources(value, lambda index: camera and index == 0, files.__contains__)
    return [(source.name, source.spec) for source in sources]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", [("cam0", "0")]),
        ("/dev/video2", [("cam2", "/dev/video2")]),
        ("demo", [("demo", "demo")]),
        ("clips/My Clip (1).MP4", [("my-clip-1", "clips/My Clip (1).MP4")]),
        ("photos/", [("photos", "photos/")]),
        ("rtsp://u:p@Cam.Local:554/x", [("cam-local", "rtsp://u:p@Cam.Local:554/x")]),
        ("http://10.0.0.7/v?a=1&b=2", [("10-0-0-7", "http://10.0.0.7/v?a=1&b=2")]),
        ("front=rtsp://h/s?x=1, side = 1", [("front", "rtsp://h/s?x=1"), ("side", "1")]),
        ("./a=b.mp4", [("a-b", "./a=b.mp4")]),
        ("日本.mp4", [("source", "日本.mp4")]),
        ("x" * 40 + ".mp4", [("x" * 32, "x" * 40 + ".mp4")]),
        (",0,", [("cam0", "0")]),
        ("-clip.mp4,😀.mp4", [("clip", "-clip.mp4"), ("source", "😀.mp4")]),
        ("caf\udce9.mp4", [("caf", "caf\udce9.mp4")]),
        (r"a=x\,y=1.mp4,Smith\, John.mp4", [("a", "x,y=1.mp4"), ("smith-john", "Smith, John.mp4")]),
        ("/dev/v4l/by-id/usb-Acme_C920-index0", [("usb-acme_c920-index0", "/dev/v4l/by-id/usb-Acme_C920-index0")]),
    ],
)
def test_specs_and_names(value: str, expected: list[tuple[str, str]]) -> None:
    """A name is what is given, else derived from the device, the stem or the host; `=` in URLs and paths is no name."""
    assert parsed(value) == expected


@pytest.mark.parametrize("path", ["Smith, John.mp4", "a=0.mp4", " a,b/", "a.mp4\n", r"a\,b.mp4"])
def test_a_value_that_is_a_file_is_that_file(path: str) -> None:
    """`AFFECT_CAPTURE_SOURCE="$file"` works for every name; a folder called demo is no source unless it is ./demo."""
    assert [spec for _, spec in parsed(path, files=[path])] == [path]
    assert [spec for _, spec in parsed(path)] != [path]
    assert parsed("auto", files=["auto"]) == parsed("demo", files=["demo"]) == [("demo", "demo")]
    with pytest.raises(ConfigurationError):
        parsed("", files=[""])  # which is the current folder
    assert parsed("0", files=["0"]) == [("cam0", "0")]


@pytest.mark.parametrize(
    ("spec", "kind"),
    [
        ("0", "device"),
        ("/dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0-video-index0", "device"),
        ("/dev/disk/a.mp4", "path"),
        ("/dev/video1", "device"),
        ("demo", "demo"),
        ("HTTP://h/", "url"),
        ("-1", "path"),
        ("./0", "path"),
    ],
)
def test_kinds(spec: str, kind: str) -> None:
    """Whatever is no device index, URL or demo is a path."""
    assert SourceSpec("x", spec).kind == kind


def test_auto_is_the_camera_or_the_demo() -> None:
    """`auto` takes camera 0 where it opens, the demo elsewhere, and is named after what it took."""
    assert parsed("auto", camera=True) == [("cam0", "0")]
    assert parsed("auto", camera=False) == [("demo", "demo")]
    assert parsed("door=auto", camera=True) == [("door", "0")]


def test_derived_names_are_numbered_around_given_ones() -> None:
    """Sources of one stem get -2, -3…; a given name is never taken by a derived one, and 32 characters are kept."""
    assert [name for name, _ in parsed("a/clip.mp4,b/clip.mp4,clip-2=c.mp4,demo,demo")] == [
        "clip",
        "clip-3",
        "clip-2",
        "demo",
        "demo-2",
    ]
    long = "x" * 40
    assert [name for name, _ in parsed(f"a/{long}.mp4,b/{long}.mp4")] == ["x" * 32, "x" * 30 + "-2"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "no source is listed"),
        (" , ", "no source is listed"),
        ("Front=0", "'Front' is no source name"),
        ("=0", "'' is no source name"),
        ("my clip=1.mp4", "./my clip=1.mp4"),
        ("x" * 33 + "=0", "is no source name"),
        ("front=", "'front' names nothing"),
        ("a=0,a=1", "'a' is given twice"),
        ("http://[::1/x", "no valid host and port"),
        ("rtsp://host:99999/x", "no valid host and port"),
    ],
)
def test_refusals_name_variable_value_and_what_is_allowed(value: str, reason: str) -> None:
    """A list that cannot be meant is refused in one line with the variable, its value, the reason and the remedy."""
    with pytest.raises(ConfigurationError) as caught:
        parsed(value)
    text = str(caught.value)
    assert text.startswith(f"AFFECT_CAPTURE_SOURCE={value!r}: ")
    assert reason in text
    assert "[a-z0-9_-]{1,32}" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://user:secret@host:554/s", "rtsp://user:***@host:554/s"),
        ("rtsp://user:sec@ret@host/s", "rtsp://user:***@host/s"),
        ("rtsp://user:sec/ret@host/s", "rtsp://user:***@host/s"),
        ("rtsp://:secret@host", "rtsp://:***@host"),
        ("rtsp://user:sec,ret@host/s", "rtsp://user:***@host/s"),
        ("a=rtsp://u:secret@h1,b=http://v:secret@h2/x", "a=rtsp://u:***@h1,b=http://v:***@h2/x"),
        ("http://host/v?user=me&pwd=secret&fps=5", "http://host/v?user=***&pwd=***&fps=***"),
        ("http://host/v?access_token=secret,0", "http://host/v?access_token=***,0"),
        ("http://host/v.cgi?loginuse=admin&loginpas=secret", "http://host/v.cgi?loginuse=***&loginpas=***"),
        ("rtsp://h/user=admin_password=secret_channel=1/2.sdp", "rtsp://h/user=admin_password=***/2.sdp"),
        ("rtsp:/user:secret@host", "rtsp:/user:***@host"),
        ("http://host:8080/x", "http://host:8080/x"),
        ("clip.mp4", "clip.mp4"),
    ],
)
def test_passwords_are_hidden(text: str, shown: str) -> None:
    """Passwords and secret parameters are hidden wherever a URL stands, however oddly they are written."""
    assert redact(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("caf\udce9.mp4", r"caf\xe9.mp4"),
        ("two\nlines\x1b[31m.mp4", r"two\nlines\x1b[31m.mp4"),
        ("Größe 日本 😀.mp4", "Größe 日本 😀.mp4"),
        ("rtsp://u:sec\udce9ret@h/caf\udce9", r"rtsp://u:***@h/caf\xe9"),
    ],
)
def test_what_is_shown_is_one_line_of_utf8(text: str, shown: str) -> None:
    """A name may be any bytes; messages must be UTF-8, logs one line, and a terminal is not to be steered."""
    assert redact(text) == shown


@pytest.mark.parametrize(
    "value",
    [
        "a=0,a=rtsp://u:secret@h/",
        "Bad=rtsp://u:secret@h/",
        "b=,x=rtsp://u:secret@h/",
        "rtsp://u:a,secret@h/",
        "rtsp://u:a,Name=secret@h/",
        "rtsp://u:a,secret=1@h/x",
        "rtsp://u:1,2,secret@h/x",
    ],
)
def test_refusals_hide_passwords(value: str) -> None:
    """An error about the list repeats the list, but not the passwords in it; neither does a spec's repr."""
    with pytest.raises(ConfigurationError) as caught:
        parsed(value)
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(SourceSpec("a", value))


@pytest.mark.parametrize(
    ("value", "spec"),
    [("0", "0"), ("/dev/video2", "/dev/video2"), ("a,b.mp4", "a,b.mp4"), (r"x\,y.mp4", "x,y.mp4"), ("auto", "demo")],
)
def test_one_source_under_a_given_name(value: str, spec: str) -> None:
    """What one entry of the list may be."""
    assert parse_source("s", value, lambda _: False, {"a,b.mp4"}.__contains__) == SourceSpec("s", spec)


@pytest.mark.parametrize("value", ["", "a.mp4,b.mp4", "http://u:secret@host:port/"])
def test_a_refusal_names_the_source_and_no_password(value: str) -> None:
    """It is shown beside the source."""
    with pytest.raises(ConfigurationError, match=r"^the source 's'=") as refusal:
        parse_source("s", value, lambda _: False, lambda _: False)
    assert "secret" not in str(refusal.value)
