"""dashboard/media.py: films and pictures by their first bytes."""

import io

import av
import numpy as np
import pytest
from PIL import Image

from dashboard.media import HEAD, kind_of


def film(kind, codec):
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        stream = container.add_stream(codec, 5)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        for _ in range(2):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8))))
        container.mux(stream.encode())
    return file.getvalue()


def picture(kind):
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "codec", "mime"),
    [
        ("mp4", "mpeg4", "video/mp4"),
        ("mov", "mpeg4", "video/mp4"),
        ("webm", "libvpx", "video/webm"),
        ("matroska", "mpeg4", "video/webm"),
        ("avi", "mpeg4", "application/octet-stream"),
        ("mpegts", "mpeg2video", "application/octet-stream"),
    ],
)
def test_films(kind, codec, mime):
    """By their containers; what no browser plays is given no type."""
    assert kind_of(film(kind, codec)[:HEAD]) == (False, mime)


@pytest.mark.parametrize(("kind", "mime"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_pictures(kind, mime):
    """Likewise."""
    assert kind_of(picture(kind)[:HEAD]) == (True, mime)


@pytest.mark.parametrize(
    "head", [b"", b"<html><script>", b"%PDF-1.7", b"PK\x03\x04", b"#!/bin/sh\n", bytes(192), b"\x7fELF"]
)
def test_anything_else_is_refused(head):
    """Whatever its name says."""
    assert kind_of(head) is None
