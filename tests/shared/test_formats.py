"""What a file is, by its name and first bytes."""

import io

import av
import numpy as np
import pytest
from PIL import Image

from shared.formats import HEAD_BYTES, PICTURE_FORMATS, PICTURE_SUFFIXES, is_picture, is_video


def test_the_list_comes_from_the_libraries() -> None:
    """What photos and graphics come in is read; nothing that runs a program, moves, or only pretends to be readable."""
    for suffix in (".jpg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".tga", ".dib", ".bmp", ".webp", ".tif", ".jp2"):
        assert suffix in PICTURE_SUFFIXES
    for suffix in (".heic", ".heif", ".hif", ".avif", ".qoi", ".psd", ".ico", ".pgm", ".mpo"):
        assert suffix in PICTURE_SUFFIXES
    for suffix in (".pdf", ".ps", ".eps", ".mpg", ".fits", ".h5", ".wmf", ".mp4", ".txt", ""):
        assert suffix not in PICTURE_SUFFIXES
    assert "HEIF" in PICTURE_FORMATS


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "JPEG2000", "PPM", "ICO", "QOI"])
def test_a_picture_is_known_by_its_content(kind: str) -> None:
    """Whatever it is called; a motion JPEG begins like a picture but is none."""
    file = io.BytesIO()
    Image.new("RGB", (16, 16)).save(file, kind)
    head = file.getvalue()[:HEAD_BYTES]
    for name in ("photo.dat", "photo", "photo.JPG.txt", "photo.mp4", ".jpg"):
        assert is_picture(name, head)
    assert not is_video(head)
    assert not is_picture("film.MJPEG", head)


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "mpeg4"), ("mov", "mjpeg"), ("matroska", "mpeg4"), ("avi", "mpeg4"), ("mpegts", "mpeg2video"),
        ("mpeg", "mpeg2video"), ("flv", "flv"), ("asf", "mpeg4"), ("ivf", "libvpx"), ("webm", "libvpx"),
        ("m4v", "mpeg4"), ("mpeg2video", "mpeg2video"), ("h264", "libx264"), ("hevc", "libx265"),
    ],
)  # fmt: skip
def test_a_video_is_known_by_its_content(container: str, codec: str) -> None:
    """Even if it is called a picture."""
    file = io.BytesIO()
    with av.open(file, "w", container) as output:
        stream = output.add_stream(codec, rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for _ in range(3):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")))
        output.mux(stream.encode())
    head = file.getvalue()[:HEAD_BYTES]
    assert is_video(head)
    assert not is_picture("film.jpg", head)


@pytest.mark.parametrize("head", [b"", b"\0", b"words", b"words that are longer than a signature", bytes(HEAD_BYTES)])
def test_the_suffix_decides_where_the_content_says_nothing(head: bytes) -> None:
    """So a damaged picture is called a damaged picture."""
    assert is_picture("a.jpg", head)
    assert is_picture("a.TGA", head)
    assert not is_picture("a.mp4", head)
    assert not is_picture("a", head)
    assert not is_video(head)
