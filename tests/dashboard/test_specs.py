"""dashboard/specs.py: what viewers may have opened."""

import pytest

from dashboard.specs import ForbiddenError, permitted


@pytest.fixture
def media(tmp_path):
    """A folder with a film and a link out of it, beside a secret."""
    folder = tmp_path / "media"
    (folder / "more").mkdir(parents=True)
    (folder / "film.mp4").touch()
    (folder / "more" / "clip.mp4").touch()
    (tmp_path / "secret.mp4").touch()
    (folder / "out.mp4").symlink_to(tmp_path / "secret.mp4")
    (folder / "in.mp4").symlink_to(folder / "film.mp4")
    (folder / "loop").symlink_to(folder / "loop")
    return folder


@pytest.mark.parametrize("spec", ["demo", "0", "12", "/dev/video3", "rtsp://camera/stream", "HTTPS://host/a?b=c"])
def test_cameras_streams_and_the_demo_are_permitted(spec):
    """As they are."""
    assert permitted(spec, None) == spec


@pytest.mark.parametrize(
    "spec",
    [
        *("auto", "pushed", "", "film.mp4", "/etc/passwd", "/dev/video0/../sda", "/dev/v4l/by-id/x", "demo\x00"),
        *("file:///etc/passwd", "concat://a|b", "http:///x", "http://[", "subfile,,:/etc/passwd", "rtsp://h/a\nb"),
    ],
)
def test_nothing_else_is(spec):
    """A file of this machine by no name."""
    with pytest.raises(ForbiddenError):
        permitted(spec, None)


@pytest.mark.parametrize(
    ("spec", "leads_to"), [("film.mp4", "film.mp4"), ("more/clip.mp4", "more/clip.mp4"), ("in.mp4", "film.mp4")]
)
def test_files_of_the_folder_are(media, spec, leads_to):
    """By their place in it, or by their whole path; links are followed."""
    assert permitted(spec, media) == str((media / leads_to).resolve())
    assert permitted(str(media / spec), media) == str((media / leads_to).resolve())


@pytest.mark.parametrize(
    "spec",
    ["../secret.mp4", "more/../film.mp4", "out.mp4", "loop", "missing.mp4", ".", "", "/etc/passwd", "a" * 5000],
    ids=lambda spec: spec[:12],
)
def test_what_lies_outside_is_not(media, spec):
    """Whatever leads there."""
    with pytest.raises(ForbiddenError):
        permitted(spec, media)
